// Inserts events with @googleapis/calendar: ADDRESS FILE AT_ONCE. Each line of the file is
// {calendar, token, event}. Prints the seconds from the first insert to the last answer.

import { readFileSync } from "node:fs";
import { auth, calendar } from "@googleapis/calendar";

const [address, file, atOnce] = process.argv.slice(2);
const inserts = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));

// One client an account, as a service of many users has.
const clients = new Map();
for (const { token } of inserts) {
  if (!clients.has(token)) {
    const credentials = new auth.OAuth2();
    credentials.setCredentials({ access_token: token });
    clients.set(token, calendar({ version: "v3", auth: credentials, rootUrl: address }));
  }
}

let next = 0;
async function insertAll() {
  while (next < inserts.length) {
    const { calendar: calendarId, token, event } = inserts[next++];
    await clients.get(token).events.insert({ calendarId, requestBody: event });
  }
}

const start = performance.now();
await Promise.all(Array.from({ length: Number(atOnce) }, insertAll));
console.log((performance.now() - start) / 1000);
