import { Errno, isErrno } from "../linux/errno.ts";
import { readFileInRoot } from "../linux/read-in-root.ts";
import { internal, invalidArgument, notFound } from "../spec/index.ts";

/** Larger files are not what they pretend to be. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_ID = 0x7fffffff;

export interface ContainerUser {
  uid: number;
  gid: number;
  /** With `gid` in front. */
  additionalGids: number[];
  /** `/` for a user that the container does not know. */
  home: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}
interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;

/** passwd(5); lines that are none are passed over. */
export function parsePasswd(text: string): PasswdEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid, gid, , home = ""] = line.trim().split(":");
    if (name === "" || name.startsWith("#")) return [];
    return [{ name, uid: number(uid) ?? 0, gid: number(gid) ?? 0, home }];
  });
}

/** group(5). */
export function parseGroup(text: string): GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid, members = ""] = line.trim().split(":");
    if (name === "" || name.startsWith("#")) return [];
    return [{ name, gid: number(gid) ?? 0, members: members.split(",").filter(Boolean) }];
  });
}

/** Absent files are empty ones: an image need not have any. */
function readOptional(root: string, path: string): string {
  try {
    return readFileInRoot(root, path, MAX_FILE_BYTES);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ENOTDIR)) return "";
    throw internal(`Cannot look up users in "${path}": ${(error as Error).message}`, error);
  }
}

function checkRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw invalidArgument("uids and gids must be in range 0-2147483647");
  return id;
}

function findUser(users: readonly PasswdEntry[], wanted: string): PasswdEntry | undefined {
  // Digits always mean a uid, even where a user has them for a name.
  const uid = wanted === "" ? 0 : number(wanted);
  return users.find((user) => (uid === undefined ? user.name === wanted : user.uid === uid));
}

function unknownUid(wanted: string): number {
  const uid = wanted === "" ? 0 : number(wanted);
  if (uid === undefined) {
    throw notFound(`unable to find user ${wanted}: no matching entries in passwd file`);
  }
  return checkRange(uid);
}

function findGid(groups: readonly GroupEntry[], wanted: string): number {
  const gid = number(wanted);
  const group = groups.find((entry) =>
    gid === undefined ? entry.name === wanted : entry.gid === gid,
  );
  if (group !== undefined) return group.gid;
  if (gid === undefined) {
    throw notFound(`unable to find group ${wanted}: no matching entries in group file`);
  }
  return checkRange(gid);
}

function addedGid(groups: readonly GroupEntry[], wanted: string): number {
  const gid = number(wanted);
  const group = groups.find((entry) => entry.name === wanted || entry.gid === gid);
  if (group !== undefined) return group.gid;
  if (gid === undefined)
    throw notFound(`Unable to find group ${wanted}: no matching entries in group file`);
  return checkRange(gid);
}

/**
 * Resolves `name|uid[:group|gid]` in the `/etc/passwd` and `/etc/group` of a root file system, whose
 * symbolic links are not followed out of it. Docker's messages, `not-found`.
 */
export function resolveContainerUser(
  root: string,
  spec: string,
  groupAdd: readonly string[] = [],
): ContainerUser {
  const colon = spec.indexOf(":");
  const userPart = colon < 0 ? spec : spec.slice(0, colon);
  const groupPart = colon < 0 ? "" : spec.slice(colon + 1);
  const user = findUser(parsePasswd(readOptional(root, "/etc/passwd")), userPart);
  const uid = user?.uid ?? unknownUid(userPart);
  const needGroups = user !== undefined || groupPart !== "" || groupAdd.length > 0;
  const groups = needGroups ? parseGroup(readOptional(root, "/etc/group")) : [];
  const gid = groupPart === "" ? (user?.gid ?? 0) : findGid(groups, groupPart);
  const memberships =
    groupPart === "" && user !== undefined
      ? groups.filter((group) => group.members.includes(user.name)).map((group) => group.gid)
      : [];
  const added = groupAdd.map((wanted) => addedGid(groups, wanted));
  return {
    uid,
    gid,
    additionalGids: [...new Set([gid, ...memberships, ...added])],
    home: user?.home || "/",
  };
}
