export {
  type InputHooks,
  type OutputHooks,
  protocolContract,
  type Sender,
} from "./contract.ts";
export { leavesNothingOpen } from "./handles.ts";
export { eventually, realClock, TestLane, TestWriter, testContext } from "./lane.ts";
export { countedTs, fixturePath, readBytes } from "./media.ts";
export { TestPackagedLane } from "./packaged-lane.ts";
export { packetsIn, withoutNulls } from "./packets.ts";
export { freeTcpPort, freeUdpPort } from "./ports.ts";
