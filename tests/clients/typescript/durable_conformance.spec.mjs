// The conformance suite of Durable Streams against the address in CONFORMANCE_TEST_URL; run by vitest.
const packages = new URL("../../../clients/typescript/node_modules/", import.meta.url);
const suite = await import(new URL("@durable-streams/server-conformance-tests/dist/index.js", packages));
suite.runConformanceTests({ baseUrl: process.env.CONFORMANCE_TEST_URL, longPollTimeoutMs: 5000 });
