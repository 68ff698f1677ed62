/** The three requests of the log in. The token stays in the cookie; nothing here sees it again. */
import type { User } from "../protocol";

export type LoginResult =
  | { ok: true; user: User }
  | { ok: false; code: "login_failed" | "login_throttled" | "unreachable"; wait_s: number };

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });

export async function login(user: string, password: string): Promise<LoginResult> {
  try {
    const r = await post("api/login", { user, password });
    if (r.ok) return { ok: true, user: ((await r.json()) as { user: User }).user };
    if (r.status === 429)
      return { ok: false, code: "login_throttled", wait_s: Math.max(1, Number(r.headers.get("retry-after")) || 30) };
    return { ok: false, code: r.status >= 500 ? "unreachable" : "login_failed", wait_s: 0 };
  } catch {
    return { ok: false, code: "unreachable", wait_s: 0 };
  }
}

export async function logout(): Promise<void> {
  await post("api/logout", {}).catch(() => undefined);
}

/** Who is logged in; null for nobody, undefined when the node cannot be asked. */
export async function me(): Promise<User | null | undefined> {
  try {
    const r = await fetch("api/me", { credentials: "same-origin" });
    if (r.ok) return ((await r.json()) as { user: User }).user;
    return r.status === 401 ? null : undefined;
  } catch {
    return undefined;
  }
}
