/**
 * A WebSocket constructor for networks that let the upgrade through and then swallow every frame.
 *
 * The SDK takes a socket for good as soon as it is open, and would wait on such a one for ever. This one is open
 * only when the server's first frame has arrived, which the server sends by itself where the address says
 * `first_frame=1`; that frame is swallowed. Until then the SDK's own deadline for opening runs, and after it the
 * next transport has its turn.
 *
 * `proven` is called when a socket has shown that frames pass, `beat` with every frame after that.
 */
export const provenSocket = (proven: () => void, beat: (frame: unknown) => void): typeof WebSocket => {
  const { WebSocket } = globalThis;
  const open = (address: string | URL): WebSocket => {
    const socket = new WebSocket(address);
    let passed = false;
    // These run before the handlers the SDK sets, for they were there first.
    socket.addEventListener("open", (event) => {
      if (!passed) event.stopImmediatePropagation();
    });
    socket.addEventListener("message", (event) => {
      if (passed) return beat(event.data);
      passed = true;
      event.stopImmediatePropagation();
      proven();
      socket.dispatchEvent(new Event("open"));
    });
    return socket;
  };
  // Called with `new`, a function that returns an object makes that object.
  return function (address: string | URL) {
    return open(address);
  } as unknown as typeof WebSocket;
};
