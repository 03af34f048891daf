import { run } from "harness";
import "test";

await run();
