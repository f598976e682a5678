# SPDX-License-Identifier: GPL-3.0-or-later
"""What secrets look like: names of variables, assignments, flags, headers, and values that give themselves away."""

from __future__ import annotations

import re

WORDS = r"(?:passw(?:or)?d|passphrase|pass|pwd|secret|token|api[_-]?key|private_?key|access_?key|secret_?key|auth_?key)"
SECRET_NAME = re.compile(
    rf"(?:^|[_\-.]){WORDS}(?:s|_?\d+)?$|_pass$|passw(?:or)?d$"
    r"|(?:^|[_\-.])(?:pw|creds?|credentials?|jwt|pin|dsn|webhook(?:_url)?|community|license(?:_key|_data|_blob)?)$"
    r"|(?:^|[_\-.])(?:authorization|cookie)$|(?:^|[_\-.])(?:token|passphrase|pwd|pass)_(?:hash|salt|value|text)$"
    r"|(?:^|[_\-.])(?:api|basic|http|proxy|registry|stats)_?auth$"
    r"|(?:^|[_\-.])(?:passphrase_\w+|secret_(?:access|value|base|key_base|id|hash|salt|text)|password_(?:hash|salt))$",
    re.IGNORECASE,
)
# Settings of web servers about telling their version, whatever the name looks like.
NOT_SECRET = re.compile(r"(?:^|[_\-.])server_?tokens$", re.IGNORECASE)
PLAIN_VALUES = {
    "",
    "true",
    "false",
    "yes",
    "no",
    "none",
    "null",
    "present",
    "absent",
    "always",
    "on_create",
    "omit",
    "required",
    "optional",
}
ASSIGNMENT = re.compile(
    rf"(?P<key>(?<![\w.\-])(?!NOPASSWD)[\w.\-]*{WORDS})"
    rf"(?P<mid>[\"']?[ \t]*(?:=>|[=:])[ \t]*[\"']?|\s+[\"'])(?P<value>[^\s\"',;#}}\])]+)",
    re.IGNORECASE,
)
URL_PASSWORD = re.compile(r"(?P<head>\w+://[^\s/:@\"']*:)(?P<value>[^\s/@\"'{}]+)@")
FLAG = WORDS.replace("_?", "[_-]?")
DIRECTIVES = "requirepass|masterauth|auth_pass|bindpw|rootpw|password|secret"
WORD = r"(?P<value>[^\s\"']+)"
# Where secrets stand without such a name: flags, headers, directives, and values that show what they are.
SHAPES = tuple(
    (label, re.compile(head + value, re.IGNORECASE | re.MULTILINE))
    for label, head, value in (
        ("flag", rf"(?P<head>(?<!\S)(?!--?no-)--?[\w\-]*{FLAG}(?:=|[ \t]+)[\"']?)", r"(?P<value>[^\s\"'\-][^\s\"']*)"),
        ("login", r"(?P<head>\b(?:curl|wget|http|ab)\b[^\n|;]*?\s(?:-u|--user)[ =]?[\"']?[^\s:/\"']+:)", WORD),
        ("login", r"(?P<head>\b(?:mysql|mariadb)\w*\b[^\n|;]*?\s-p)", WORD),
        ("header", r"(?P<head>authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)", WORD),
        ("login", r"(?P<head>^\s*stats\s+auth\s+[^\s:]+:)", WORD),
        ("directive", rf"(?P<head>^\s*(?:{DIRECTIVES})[ \t]+)", r"(?P<value>[^\s=:{]\S*)[ \t]*$"),
        ("JSON web token", "(?P<head>)", r"(?P<value>\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*)"),
        ("access key", "(?P<head>)", r"(?P<value>\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w\-]{20,}))"),
        ("password hash", "(?P<head>)", r"(?P<value>\$(?:apr1|2[aby]|[156]|y)\$[./\w$]{8,})"),
        ("webhook", r"(?P<head>\bhooks\.slack\.com/services/)", r"(?P<value>[\w/]+)"),
    )
)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
