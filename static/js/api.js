/** The only module that calls fetch: JSON from our own origin, refusals as errors with their sentence. */

export class Refused extends Error {
  constructor(status, answer) {
    super(answer?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = answer?.code ?? "";
    this.field = answer?.field ?? null;
    this.details = answer?.details ?? {};
  }
}

/** Read JSON from a path of ours; throws `Refused`, or TypeError without network. */
export async function getJson(path, { signal } = {}) {
  return (await get(path, signal)).json();
}

/** The same with the answer's headers: `{ body, headers }`. */
export async function getWithHeaders(path, { signal } = {}) {
  const answer = await get(path, signal);
  return { body: await answer.json(), headers: answer.headers };
}

async function get(path, signal) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
  return answer;
}
