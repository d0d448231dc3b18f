export type * from "./api.ts";
export { Supervisor, type SupervisorOptions, type WorkerHandle } from "./control/supervisor.ts";
export * from "./errors.ts";
export { accessOf, CORS, refuse, STATUS_OF_REFUSAL } from "./http/access.ts";
export { type HttpFailures, httpFailures } from "./http/client/failures.ts";
export { type HttpSchemes, httpUrl } from "./http/client/http-url.ts";
export { httpClientOptions } from "./http/client/options.ts";
export { followRedirects, REDIRECTS } from "./http/client/redirects.ts";
export {
  type HttpClientKind,
  type HttpClientSettings,
  headersFor,
  readHttpClient,
} from "./http/client/settings.ts";
export { DocumentViewers } from "./http/document-viewers.ts";
export { type ItemOptions, sendItem, sendText, type TextDocument } from "./http/documents.ts";
export { ItemStream, type ItemStreamOptions } from "./http/item-stream.ts";
export type {
  AcceptOptions,
  DocumentExchange,
  DocumentRequest,
  HttpExchange,
  HttpRoute,
  RequestFacts,
  UpgradeExchange,
} from "./http/route.ts";
export { parseTarget } from "./http/target.ts";
export type { WebSocketLink } from "./http/websocket-link.ts";
export { Batch } from "./lane/batch.ts";
export { BatchQueue, type BatchSocket } from "./lane/batch-queue.ts";
export { Fanout, type FanoutMember, type FanoutOptions, fanoutOf } from "./lane/fanout.ts";
export { AUTOMATIC, FOR_LATENCY, FOR_THROUGHPUT, type Gathering } from "./lane/gathering.ts";
export { MessageReader } from "./lane/message-reader.ts";
export { PackagedReader } from "./lane/packaged-reader.ts";
export { LaneReader } from "./lane/reader.ts";
export { UnitReader } from "./lane/unit-reader.ts";
export type { Span } from "./memory/span.ts";
export { readNumber } from "./read-number.ts";
export { pause } from "./stream/push-output.ts";
export { type ShelfChange, type ShelfItem, ShelfReader, ShelfWriter } from "./stream/shelf.ts";
export { matchPattern } from "./worker/directory.ts";
export { MediaWorker } from "./worker/media-worker.ts";
export type { DirectoryEntry, LogLevel, WorkerReport, WorkerStart } from "./worker/protocol.ts";
