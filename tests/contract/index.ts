export {
  type ContractHooks,
  type InputHooks,
  type OutputHooks,
  protocolContract,
  type Receiver,
  type Sender,
} from "./contract.ts";
export { leavesNothingOpen } from "./handles.ts";
export { eventually, realClock, TestLane, TestWriter, testContext } from "./lane.ts";
export { countedTs, fixturePath, readBytes, sharedMediaPath } from "./media.ts";
export { packetsIn, pidsOf, withoutNulls } from "./packets.ts";
export { freeTcpPort, freeUdpPort } from "./ports.ts";
