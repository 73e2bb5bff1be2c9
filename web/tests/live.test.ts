import { beforeEach, describe, expect, it } from "vitest";
import { LiveConnection } from "../src/api/live";
import { Backoff } from "../src/model/backoff";
import type { Frame } from "../src/model/types";
import type { ConnectionState } from "../src/model/words";
import { FakePorts, settled } from "./support/ports";

let ports: FakePorts;
let states: ConnectionState[];
let frames: Frame[];
let lastTick: number | undefined;
let prepare: () => Promise<string>;
let live: LiveConnection;

const phase = (): string | undefined => states.at(-1)?.phase;

beforeEach(() => {
  ports = new FakePorts();
  states = [];
  frames = [];
  lastTick = undefined;
  let tickets = 0;
  prepare = async () => `/ws?ticket=${(tickets += 1)}`;
  live = new LiveConnection(ports, {
    prepare: () => prepare(),
    onState: (state) => states.push(state),
    onFrame: (frame) => frames.push(frame),
    lastTick: () => lastTick,
  });
});

async function connected(): Promise<void> {
  live.start();
  await settled();
  ports.socket.accept();
}

describe("the connection", () => {
  it("opens with a ticket, says hello, and is live when that is answered", async () => {
    live.start();
    expect(phase()).toBe("connecting");
    await settled();
    expect(ports.socket.path).toBe("/ws?ticket=1");
    ports.socket.onopen?.();
    expect(ports.socket.sent).toEqual([{ action: "hello" }]);
    expect(phase()).toBe("connecting");
    ports.socket.receive({ type: "hello", tick: 4, polled_at: 1, server_time: 1 });
    expect(phase()).toBe("live");
    expect(frames.map((frame) => frame.type)).toEqual(["hello"]);
  });

  it("comes back with a new ticket after a loss, and asks for what it missed", async () => {
    await connected();
    lastTick = 41;
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
    await ports.pass(250);
    expect(ports.socket.path).toBe("/ws?ticket=2");
    ports.socket.onopen?.();
    expect(ports.socket.sent).toEqual([{ action: "hello", since: 41 }]);
  });

  it("waits longer each time, and starts from the beginning after a connection that held", async () => {
    prepare = () => Promise.reject(new Error("down"));
    live.start();
    await settled();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const state = states.at(-1);
      if (state?.phase !== "waiting") throw new Error(`it is ${state?.phase}`);
      waits.push(state.retryAt - ports.time);
      if (attempt === 3) prepare = async () => "/ws?ticket=x";
      await ports.pass(state.retryAt - ports.time);
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
    ports.socket.accept();
    await ports.pass(10_000);
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
  });

  it("waits at least as long as the server asks for when it says goodbye", async () => {
    await connected();
    ports.socket.receive({ type: "bye", reason: "restart", reconnect_in: 5000 });
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 5250 });
  });

  it("gives up a socket that does not answer hello, and one that does not answer a ping", async () => {
    live.start();
    await settled();
    ports.socket.onopen?.();
    const mute = ports.socket;
    await ports.pass(15_000);
    expect(mute.closed).toBe(true);
    expect(phase()).toBe("waiting");
    await ports.pass(1000);
    ports.socket.accept();
    const second = ports.socket;
    await ports.pass(4 * 60_000);
    expect(second.sent.at(-1)).toEqual({ action: "ping" });
    await ports.pass(15_000);
    expect(second.closed).toBe(true);
  });

  it("is kept by a pong, and asks for everything since the last time every five minutes", async () => {
    await connected();
    lastTick = 10;
    await ports.pass(4 * 60_000);
    ports.socket.receive({ type: "pong", tick: 10, polled_at: 1, server_time: 1 });
    await ports.pass(60_000);
    expect(ports.sockets).toHaveLength(1);
    expect(ports.socket.sent).toEqual([{ action: "hello" }, { action: "ping" }, { action: "hello" }]);
    lastTick = 20;
    ports.socket.receive({ type: "hello", tick: 20, polled_at: 1, server_time: 1 });
    await ports.pass(3 * 60_000);
    ports.socket.receive({ type: "pong", tick: 20, polled_at: 1, server_time: 1 });
    await ports.pass(2 * 60_000);
    expect(ports.socket.sent.at(-1), "from where the resync before began").toEqual({ action: "hello", since: 10 });
    expect(phase()).toBe("live");
  });

  it("pauses with the page, also when the page was hidden before it opened", async () => {
    await connected();
    lastTick = 7;
    live.setPaused(true);
    live.setPaused(true);
    live.setPaused(false);
    expect(ports.socket.sent.slice(1)).toEqual([{ action: "pause" }, { action: "resume", since: 7 }]);
    live.setPaused(true);
    live.restart();
    await settled();
    ports.socket.accept();
    expect(ports.socket.sent.map((frame) => (frame as { action: string }).action)).toEqual(["hello", "pause"]);
  });

  it("rests without a network and connects at once when it is back", async () => {
    await connected();
    ports.isOnline = false;
    live.networkChanged();
    expect(phase()).toBe("offline");
    expect(ports.socket.closed).toBe(true);
    expect(ports.pendingTimers).toBe(0);
    ports.isOnline = true;
    live.networkChanged();
    await settled();
    ports.socket.accept();
    expect(phase()).toBe("live");
  });

  it("connects at once when it is told to", async () => {
    await connected();
    ports.socket.lose();
    live.retryNow();
    expect(phase()).toBe("connecting");
    await settled();
    expect(ports.sockets).toHaveLength(2);
    live.retryNow();
    await settled();
    expect(ports.sockets, "there is nothing to wait for now").toHaveLength(2);
  });

  it("leaves nothing behind when it is stopped, whatever comes late", async () => {
    await connected();
    const socket = ports.socket;
    const late = socket.onmessage;
    live.stop();
    late?.({ data: '{"type":"pong","tick":1}' });
    expect(socket.closed).toBe(true);
    expect(ports.pendingTimers).toBe(0);
    expect(frames.map((frame) => frame.type)).toEqual(["hello"]);
    live.start();
    live.stop();
    await settled();
    expect(ports.sockets, "a ticket that comes too late opens nothing").toHaveLength(1);
  });
});

describe("the back-off", () => {
  it.each([
    [0, [200, 200, 200]],
    [0.999, [500, 999, 1998]],
  ])("with a chance of %d waits %o", (chance, waits) => {
    const backoff = new Backoff(() => chance);
    expect(waits.map(() => backoff.next())).toEqual(waits);
  });

  it("never waits longer than half a minute on its own account", () => {
    const backoff = new Backoff(() => 1);
    const waits = Array.from({ length: 20 }, () => backoff.next());
    expect(Math.max(...waits)).toBe(30_000);
    expect(backoff.next(60_000)).toBe(90_000);
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });
});
