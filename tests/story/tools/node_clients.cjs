// node_clients.cjs ADDRESS LOGGER - pino or winston, sending each line over a ZeroMQ PUSH socket.
const { createRequire } = require("module");
const { Writable } = require("stream");
const modules = createRequire(`${process.env.LOGBOOM_NODE}/package.json`);
const zmq = modules("zeromq");

async function main([address, logger]) {
  const push = new zmq.Push({ linger: -1 });
  push.connect(address);
  let sent = Promise.resolve(); // one send at a time, in order
  const stream = new Writable({
    write(line, encoding, done) {
      sent = sent.then(() => push.send(line)).then(() => done(), done);
    },
  });
  if (logger === "pino") {
    const log = modules("pino")({ name: "shop" }, stream);
    log.info({ order: 7 }, "it works");
    log.fatal(new Error("no stock"));
  } else {
    const { createLogger, format, transports } = modules("winston");
    const log = createLogger({
      level: "silly", format: format.combine(format.timestamp(), format.json()),
      defaultMeta: { service: "shop" }, transports: [new transports.Stream({ stream })],
    });
    log.warn("it works", { order: 7 });
    log.silly("hardly worth it");
  }
  await new Promise((done) => stream.end(done));
  await sent;
  push.close();
}

main(process.argv.slice(2));
