/** Events of a class, by name: the arguments a listener takes. */
export type EventTable<E> = { [K in keyof E]: unknown[] };

type Listener = (...args: never) => void;

/**
 * A small typed event emitter. A listener that throws does not keep the others from being called:
 * the first error is thrown after them. One that nobody listens to costs next to nothing.
 */
export class Emitter<E extends EventTable<E>> {
	#listeners: Map<keyof E, readonly Listener[]> | undefined;

	on<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this {
		this.#listeners ??= new Map();
		this.#listeners.set(event, (this.#listeners.get(event) ?? []).concat(listener));
		return this;
	}

	once<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this {
		const wrapper = (...args: E[K]) => {
			this.off(event, wrapper);
			listener(...args);
		};
		return this.on(event, wrapper);
	}

	off<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this {
		const rest = this.#listeners?.get(event)?.filter((other) => other !== listener);
		if (rest?.length) this.#listeners?.set(event, rest);
		else this.#listeners?.delete(event);
		return this;
	}

	removeAllListeners(event?: keyof E): this {
		if (event === undefined) this.#listeners = undefined;
		else this.#listeners?.delete(event);
		return this;
	}

	/** True when someone listens. */
	emit<K extends keyof E>(event: K, ...args: E[K]): boolean {
		const listeners = this.#listeners?.get(event);
		if (!listeners) return false;
		const errors: unknown[] = [];
		for (let i = 0; i < listeners.length; i++) {
			const listener = listeners[i] as (...args: E[K]) => void;
			try {
				listener(...args);
			} catch (error) {
				errors.push(error);
			}
		}
		if (errors.length) throw errors[0];
		return true;
	}
}

/** Methods by the names of events. */
export type Handlers<E extends EventTable<E>> = { [K in keyof E]?: (...args: E[K]) => void };

/**
 * An emitter with handlers: objects whose methods hear of the events of their names, ahead of listeners.
 * In XS a listener is a closure in a list, 15 slots of the heap for each; an object's method is none.
 */
export class HandledEmitter<E extends EventTable<E>> extends Emitter<E> {
	#handlers: readonly Handlers<E>[] = [];

	/** From now on these hear, in this order. */
	handle(...handlers: Handlers<E>[]): void {
		this.#handlers = handlers;
	}

	override emit<K extends keyof E>(event: K, ...args: E[K]): boolean {
		const errors: unknown[] = [];
		let heard = false;
		const handlers = this.#handlers;
		for (let i = 0; i < handlers.length; i++) {
			const handler = handlers[i];
			if (!handler[event]) continue;
			heard = true;
			try {
				handler[event](...args);
			} catch (error) {
				errors.push(error);
			}
		}
		try {
			if (super.emit(event, ...args)) heard = true;
		} catch (error) {
			errors.push(error);
		}
		if (errors.length) throw errors[0];
		return heard;
	}
}
