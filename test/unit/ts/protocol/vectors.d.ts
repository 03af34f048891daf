/** Made by codec.test.mjs. */
declare module "vectors" {
	const vectors: { messages: { index: number; name: string; bytes: string; value: unknown }[] };
	export default vectors;
}
