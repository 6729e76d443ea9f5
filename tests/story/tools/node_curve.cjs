// node_curve.cjs ADDRESS [PUBLIC SECRET SERVER] - sends a line over CURVE, or in clear text without keys,
// and prints how the first handshake ended: "handshake", or zeromq.js's word for why not.
const { createRequire } = require("module");
const modules = createRequire(`${process.env.LOGBOOM_NODE}/package.json`);
const zmq = modules("zeromq");

async function main([address, curvePublicKey, curveSecretKey, curveServerKey]) {
  const keys = curveServerKey ? { curvePublicKey, curveSecretKey, curveServerKey } : {};
  const push = new zmq.Push({ linger: 0, sendTimeout: 30000, reconnectInterval: 100, ...keys });
  const ended = new Promise((done) => {
    for (const event of ["handshake", "handshake:error:auth", "handshake:error:protocol", "handshake:error:other"])
      push.events.on(event, () => done(event));
  });
  push.connect(address);
  const event = await ended;
  console.log(event);
  if (event === "handshake") {
    push.linger = -1;
    await push.send("hello from zeromq.js");
  }
  push.close();
}

main(process.argv.slice(2));
