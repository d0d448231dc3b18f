import { md5 } from "./hmac.ts";

/** For tests only: the server's half of the two modes, by the descriptions that encoders and servers have published. */
export interface AuthServer {
  /** The description with which `connect` is refused; undefined when the user has shown that it knows the password. */
  judge(app: string): string | undefined;
}

interface Account {
  readonly user: string;
  readonly password: string;
}

function queryOf(app: string): URLSearchParams {
  // Base64 has plus signs in it, which stand for themselves here.
  return new URLSearchParams(app.slice(app.indexOf("?") + 1).replaceAll("+", "%2B"));
}

function reject(mode: string, rest: string): string {
  return `[ AccessManager.Reject ] : [ authmod=${mode} ] : ${rest}`;
}

const NEED = (mode: string): string =>
  `[ AccessManager.Reject ] : [ code=403 need auth; authmod=${mode} ] : `;

/** Adobe's: salted password, then challenge and response. `opaque` as Wowza and FMS differ about it. */
export function adobeServer(account: Account, opaque?: string): AuthServer {
  const [salt, challenge] = ["c2FsdA==", "Y2hhbGxlbmdl"];
  return {
    judge(app) {
      if (!app.includes("authmod=adobe")) return NEED("adobe");
      const query = queryOf(app);
      if (query.get("user") !== account.user) return reject("adobe", "?reason=nosuchuser");
      const response = query.get("response");
      if (response === null) {
        const also = opaque === undefined ? "" : `&opaque=${opaque}`;
        return reject(
          "adobe",
          `?reason=needauth&user=${account.user}&salt=${salt}&challenge=${challenge}${also}`,
        );
      }
      const secret = md5(account.user + salt + account.password, "base64");
      const wanted = md5(secret + (opaque ?? challenge) + (query.get("challenge") ?? ""), "base64");
      return response === wanted ? undefined : reject("adobe", "?reason=authfailed&opaque=x");
    },
  };
}

/** Limelight's: HTTP's digest with a realm and a method of its own. */
export function llnwServer(account: Account): AuthServer {
  const nonce = "bm9uY2U=";
  return {
    judge(app) {
      if (!app.includes("authmod=llnw")) return NEED("llnw");
      const query = queryOf(app);
      if (query.get("user") !== account.user) return reject("llnw", "?reason=nosuchuser");
      const response = query.get("response");
      if (response === null) return reject("llnw", `?reason=needauth&user=${account.user}&nonce=${nonce}`);
      const path = app.slice(0, app.indexOf("?"));
      const uri = path.includes("/") ? `/${path}` : `/${path}/_definst_`;
      const secret = md5(`${account.user}:live:${account.password}`, "hex");
      const request = md5(`publish:${uri}`, "hex");
      const [nc, cnonce] = [query.get("nc") ?? "", query.get("cnonce") ?? ""];
      const wanted = md5(`${secret}:${nonce}:${nc}:${cnonce}:auth:${request}`, "hex");
      return response === wanted ? undefined : reject("llnw", "?reason=authfailed");
    },
  };
}
