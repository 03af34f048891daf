/**
 * Runs a command for as long as this process's standard input stays open, so that it ends with the
 * one that started it, however that one ends: node guard.mjs COMMAND [ARG…]
 */

import { spawn } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const killAfter = 2_000;

const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
const end = () => {
	child.kill("SIGTERM");
	setTimeout(() => child.kill("SIGKILL"), killAfter).unref();
};

process.stdin.resume().once("end", end).once("error", end);
process.once("SIGTERM", end).once("SIGINT", end);
process.on("SIGTSTP", () => child.kill("SIGSTOP")); // for tests of a machine that sleeps
process.on("SIGCONT", () => child.kill("SIGCONT"));
process.once("SIGUSR2", () => child.kill("SIGKILL")); // for tests of sudden ends
child.once("error", (error) => {
	console.error(error.message);
	process.exit(127);
});
child.once("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
