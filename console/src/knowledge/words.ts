/** The words of the answers' page, which come with it. */
import type { Lang } from "../protocol";
import { lang } from "../state/prefs";

const WORDS = {
  asked: ["未答问题", "Asked in vain"],
  answers: ["答案", "Answers"],
  versions: ["版本", "Versions"],
  sections: ["答案库", "The catalogue"],
  loading: ["正在读取…", "Loading…"],
  failed: ["读取失败：{0}", "That did not work: {0}"],
  again: ["重试", "Try again"],
  // asked in vain
  asked_say: ["{0} 个问题没有得到自动回答，按相似程度归为 {1} 组。号码、账号和姓名已隐去。", "Nothing answered {0} questions, in {1} groups. Numbers and names are masked."],
  asked_none: ["没有未回答的问题。", "Nothing was asked in vain."],
  asked_pick: ["选择一组问题，把它变成一条答案。", "Choose a group to make an answer of it."],
  times: ["{0} 次", "{0} ×"],
  nearest: ["最接近的答案", "Nearest answer"],
  in_draft: ["草稿：{0}", "In the draft {0}"],
  questions: ["客户的说法", "What they said"],
  new_id: ["新答案的编号", "Id of the new answer"],
  id_hint: ["小写字母、数字、_ 和中间的点，以后不再改变", "a-z, 0-9, _ and dots between – it never changes"],
  make_draft: ["生成草稿", "Make a draft"],
  or_into: ["或者，把这些说法加入已有的答案", "Or add them to an answer there is"],
  add_into: ["加入", "Add"],
  needs_none: ["无需答案，从列表移除", "Needs no answer: remove"],
  removed: ["已移除 {0} 个问题", "{0} questions are removed"],
  find: ["查找答案", "Find answers"],
  // the list
  all: ["全部", "All"],
  drafts: ["草稿", "Drafts"],
  new_answer: ["新建", "New"],
  none: ["没有找到。", "Nothing found."],
  more: ["更多", "More"],
  st_published: ["已发布", "published"],
  st_changed: ["有修改", "changed"],
  st_removed: ["将删除", "to be removed"],
  st_draft: ["新草稿", "new"],
  kind_answer: ["答案", "Answer"],
  kind_handover: ["转人工", "Handover"],
  kind_canned: ["常用语", "Canned reply"],
  kind_notification: ["通知", "Notification"],
  kind_confirmation: ["确认", "Confirmation"],
  kind_system: ["系统用语", "System line"],
  kind_settings: ["设置", "Settings"],
  // the editor
  pick: ["选择一条答案来查看或修改。", "Choose an answer to read or change it."],
  id: ["编号", "Id"],
  kind: ["类别", "Kind"],
  title: ["标题", "Title"],
  text: ["内容", "Wording"],
  samples: ["客户会怎么问（每行一句）", "What customers say (one a line)"],
  zh: ["中文", "Chinese"],
  en: ["英文", "English"],
  chars: ["{0} 字", "{0} characters"],
  lines: ["{0} 句", "{0} lines"],
  one_sms: ["不得超过一条短信", "Must fit one SMS"],
  suggest_only: ["只作建议，不自动发送", "Suggested only, never sent by itself"],
  verified: ["仅限已验证身份的客户", "Only for customers who proved who they are"],
  rest: ["其他字段（变量、渠道措辞等，JSON）", "Other fields (variables, wordings by channel …, JSON)"],
  rest_bad: ["不是有效的 JSON 对象", "This is no JSON object"],
  save: ["保存草稿", "Save draft"],
  saved: ["草稿已保存", "The draft is saved"],
  unsaved: ["有未保存的修改，暂存在此标签页", "Not saved yet; kept in this tab"],
  unsaved_chip: ["未保存", "not saved"],
  undo: ["撤销修改", "Undo changes"],
  moved: ["在您修改期间，别人改动了它。您的修改尚未保存；别人的内容列在下方。", "Others have changed it since you began. Yours is not saved; theirs stands below."],
  take_theirs: ["采用别人的", "Take theirs"],
  keep_mine: ["保留我的", "Keep mine"],
  yours: ["您未保存的内容", "What you wrote and did not save"],
  theirs: ["别人的内容", "What they wrote"],
  checking: ["正在检查…", "Checking…"],
  valid: ["检查通过，可以发布", "Nothing is wrong: it can be published"],
  wrong: ["{0} 处需要修改", "{0} to be mended"],
  publish: ["发布", "Publish"],
  publish_note: ["说明（可不填）", "Note (optional)"],
  published: ["已发布为版本 {0}，所有节点即刻生效", "Published as version {0}: every node answers from it"],
  discard: ["放弃草稿", "Discard draft"],
  discarded: ["草稿已放弃", "The draft is gone"],
  remove: ["删除此条", "Remove it"],
  remove_kept: ["已记为草稿：发布后即删除", "Noted as a draft: publishing it removes it"],
  draft_by: ["草稿：{0}，{1}", "Draft by {0}, {1}"],
  conflict: ["别人已发布了另一个版本。请对照后重新保存，或放弃草稿。", "Others have published it since. Compare and save again, or discard the draft."],
  may_not_publish: ["发布由主管完成。", "A supervisor publishes it."],
  four_eyes: ["须由他人发布：自己写的草稿不能自己发布。", "Somebody else must publish what you wrote."],
  show_published: ["已发布的内容", "What is published"],
  // versions
  version: ["版本 {0}", "Version {0}"],
  current: ["当前", "current"],
  authors: ["撰写：{0}", "written by {0}"],
  changed_n: ["{0} 条变化", "{0} changed"],
  o_files: ["文件导入", "files"],
  o_import: ["导入", "import"],
  o_publish: ["发布", "publication"],
  o_rollback: ["退回至版本 {0}", "back to version {0}"],
  roll_back: ["退回此版本", "Go back to it"],
  sure: ["确定退回版本 {0}？", "Really back to version {0}?"],
  yes: ["确定", "Yes"],
  no: ["取消", "No"],
  // problems
  p_unreachable: ["暂时连不上服务器，请稍后再试。", "The server cannot be reached just now. Try again in a moment."],
  p_unavailable: ["服务暂时不可用，请稍后再试。", "The service is not available just now. Try again in a moment."],
  p_template_changed: ["别人刚刚修改了它：请先比较。", "Somebody else changed it: compare first."],
  p_version_changed: ["别人刚刚发布了新版本：请先查看再退回。", "Others have published since: look before you go back."],
  p_template_exists: ["这个编号已被使用。", "The id is in use."],
  p_template_conflict: ["别人已发布了同一条：请对照后重新保存。", "Others have published it since: compare and save again."],
  p_template_unknown: ["没有这条答案。", "There is no such answer."],
  p_template_invalid: ["还有需要修改的地方，没有发布。", "Something is wrong: nothing was published."],
  p_draft_unknown: ["没有这份草稿：可能已被发布或放弃。", "There is no such draft: it may be published or discarded."],
  p_version_unknown: ["没有这个版本，或已不再保留。", "There is no such version, or not any more."],
  p_catalogue_full: ["答案数量已达上限，或尚未导入文件。", "There are as many answers as there may be, or no files were imported yet."],
  p_match_required: ["同事正在起草这一条：请先打开查看。", "Somebody else is drafting it: open it first."],
  p_draft_of_others: ["同事正在起草这一条。", "Somebody else is drafting it."],
  p_drafts_full: ["草稿太多：请先发布或放弃一些。", "Too many drafts: publish or discard some first."],
  p_four_eyes: ["须由他人发布：自己写的草稿不能自己发布。", "Somebody else must publish what you wrote."],
  p_role_forbidden: ["您的角色无权执行此操作。", "Your role does not allow this."],
  p_group_unknown: ["这组问题已有变化，请刷新。", "The groups have changed: look again."],
  p_busy: ["同时有人在发布，请稍后再试。", "Others publish at the same time: try again."],
  p_field_range: ["编号只能用小写字母、数字、_ 和中间的点，且不能是保留字。", "An id is of a-z, 0-9, _ and dots between them, and no word of the API."],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

type Word = keyof typeof WORDS;

function fill(text: string, args: readonly (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (_, n: string) => String(args[Number(n)] ?? ""));
}

export const w = (word: Word, ...args: (string | number)[]): string => fill(WORDS[word][lang.value === "zh" ? 0 : 1], args);
export const wOf = (word: string, other: string): string => (word in WORDS ? w(word as Word) : other);

/** The validation's sentences in Chinese; what is not known here stays as it came. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^near-identical to a sample of (\S+).*/, "与 {0} 的一句说法几乎相同：客户这样问时无法判断该用哪一条"],
  [/^the same sample as in line (\d+)/, "与第 {0} 行的说法相同"],
  [/^variable "(.+)" is not used/, "变量 {0} 没有用到"],
  [/^the (zh|en) wording lacks \{\{(.+)\}\}, which.*/, "{0} 内容缺少变量 {1}，另一种语言有"],
  [/^the (?:zh|en) wording takes (\d+) (\S+) .*; (\d+) fit one/, "作为短信共 {0} 单位（含签名和最长的变量），一条只能容纳 {2}"],
  [/^the (?:zh|en) wording of a marketing.*/, "营销内容须写明退订方式"],
  [/^this sample has no word in it/, "这句说法里没有文字"],
  [/^this sample is longer.*/, "这句说法太长"],
  [/^this sample asks for a person.*/, "这句话是在找人工，不能作为说法"],
  [/^"(?:zh|en)" is empty/, "未填写"],
  [/^".+" has a control character or.*/, "不能有换行和控制字符"],
  [/^".+" has a control character/, "不能有控制字符"],
  [/^"(.+)" is empty/, "“{0}”未填写"],
  [/^there is no "(.+)"/, "缺少“{0}”"],
  [/^"(.+)" is not known here/, "这里没有“{0}”这个字段"],
  [/^"(.+)" is not another answer's id/, "“{0}”不是其他答案的编号"],
  [/^longer than (\d+) octets/, "超过 {0} 字节"],
  [/.*\{\{(.+?)\}\}.*/, "变量 {0} 没有声明"],
  [/^fewer than (\d+).*|.*at least (\d+).*/, "至少需要 3 句说法，否则不会自动回答"],
];

export function sayFault(detail: string, language: Lang): string {
  if (language === "en") return detail;
  for (const [pattern, text] of FAULTS) {
    const m = pattern.exec(detail);
    if (m) return fill(text, m.slice(1).map((x) => x ?? ""));
  }
  return detail;
}
