/** The words of the log-in page, which come with it. */
export const LOGIN = {
  login_going: ["正在登录…", "Logging in…"],
  user: ["工号", "User name"],
  password: ["密码", "Password"],
  login_failed: ["工号或密码不正确。", "That user name and password do not match."],
  login_throttled: ["尝试次数过多，请在 {0} 秒后再试。", "Too many tries. Try again in {0} s."],
  login_unreachable: ["暂时连不上服务器，请稍后再试。", "The server cannot be reached just now. Try again in a moment."],
  login_again: ["登录已过期，请重新登录。未发送的内容已为您保留。", "Your login has ended. Log in again; what you had not sent is kept."],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
