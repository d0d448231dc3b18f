export { analyseCommand, analyseTarget } from "./command.ts";
export { formatReport } from "./format-report.ts";
