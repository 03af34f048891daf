/** Beside examples/rpc: switches the device's lamp while it is asked for the weather. */

/** @type {import("../example.mjs").ExamplePeer} */
export default (_room, me) => {
	me.registerRpcMethod("weather", async ({ payload, callerIdentity }) => {
		const lamp = (/** @type {string} */ wanted) =>
			me.performRpc({ destinationIdentity: callerIdentity, method: "lamp", payload: wanted });
		await lamp("blue").catch(({ code, message }) => {
			console.log(`peer: refused: ${message} (${code})`);
		});
		console.log(`peer: ${await lamp("on")}`);
		return `sun and 21 °C in ${payload}`;
	});
};
