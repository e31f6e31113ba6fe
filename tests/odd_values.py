"""What has broken servers before: odd values for addresses, parameters, headers, bodies and submissions."""

from typing import Any

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "")
# As bytes: what stands in an address or a header need not be text.
ODD = [
    b"", b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"\xc3\xa9", b"\xe9", b"\xf0\x9f\x90\xab", b"\xe2\x80\xae", b"\xef\xbb\xbf1",
    b"-1", b"0", b"1", b"2147483648", b"9223372036854775808", b"9" * 30, b"9" * 5000, b"1e400", b"NaN", b"Infinity", b"-0", b"+1",
    b" 1 ", b"1_0", b"0x1", b"1.0", b"1.5", "٣".encode(), "²".encode(), b"true", b"TRUE", b"null", b"undefined", b"[]", b"{}",
    b"a" * 9000, b"'", b'"', b"\\", b"<b>", b"{{7*7}}", b"%", b"%%", b"%00", b"%ff", b"%2F", b"%u0041", b"../../etc/passwd", b"..", b".", b"/",
    b"a/b", b"a;b", b"a,b", b"a=b&c", b"a\nb", b"a\r\nX: y", b"\t", b"*", b"$metadata", b"$count", b"#", b"?", b"2026-13-45", b"2026-01-01",
    b"2026-01-01T00:00:00Z", b"0000-00-00", b"9999-12-31T23:59:59.999+14:00", b"uuid:x", b"__proto__", b"constructor", b"viewer", b"household",
    b"Submissions", b"secret.jpg", b"submission", b"formList", b"draft", b"current", b"me", b"a" * 300, b"\x1b[31m", b"\x7f", b"\x85", b"\xa0",
    b"name eq 'x'", b"__system/submissionDate gt 2020-01-01", b"not (", b"(" * 500, b"year(now()) eq 1e999", b"$root/Submissions/age div 0", b"age eq 9" + b"9" * 400,
    b"day(__system/submissionDate) eq 1 or " * 80, b"desc", b"__id desc", b"csv", b"fr", b"en;q=1e9", b"7", b"application/json", b"text/html",
]  # fmt: skip
PARAMETERS = [
    "limit", "offset", "q", "sort", "st", "formID", "deviceID", "$filter", "$top", "$skip", "$skiptoken", "$select", "$expand", "$count", "$orderby",
    "$format", "$wkt", "$search", "after", "wait", "page", "action", "start", "end", "attachments", "groupPaths", "deletedFields", "splitSelectMultiples",
    "labels", "language", "forms", "datasets", "deleted", "force", "ignoreWarnings", "publish", "version", "odata", "current", "next", "state", "review",
    "submitterId", "instanceId", "invalidate", "submissionID", "width", "height", "range", "from", "to", "by", "form", "user", "phone", "open", "kind",
    "duplicates", "resolution", "limit", "passphrase", "1", "code", "email", "token", "number", "name", "id", "ids", "flag", "view", "filter", "columns",
]  # fmt: skip
HEADERS = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Content-Type", "Content-Encoding", "Content-Length", "Content-Disposition",
    "Content-Range", "Expect", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Idempotency-Key", "Origin", "Range", "Referer",
    "Sec-Fetch-Site", "Transfer-Encoding", "User-Agent", "X-Action-Notes", "X-Extended-Metadata", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-HTTP-Method-Override", "X-OpenRosa-Version", "X-OpenRosa-DeviceID", "X-Requested-With", "X-XlsForm-FormId-Fallback", "Date", "HX-Request",
    "HX-Target", "Upgrade", "Connection", "OData-Version", "OData-MaxVersion", "Prefer", "X-Filename", "If-Unmodified-Since", "Forwarded", "Via",
]  # fmt: skip
HEADER_VALUES = [
    b"bytes=0-", b"bytes=-1", b"bytes=5-2", b"bytes=0-0,2-3", b"bytes=99999999999999999999-", b"bytes=a-b", b"items=0-1", b"gzip", b"br;q=x", b"identity",
    b"deflate, gzip;q=0", b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=\xe9", b"multipart/form-data; boundary=" + b"x" * 300,
    b"application/json; charset=utf-16", b"application/json; charset=x\0y", b"application/x-www-form-urlencoded", b"text/xml; charset=klingon", b"application/json;;;",
    b"Basic", b"Basic %%%", b"Basic QQ==", b"Basic OjpA", b"Basic " + b"A" * 5000, b"Bearer", b"Bearer \xe9", b"Bearer \0", b"bearer  x", b"Digest", b'Digest username="',
    b'Digest username="x", realm="r", nonce="n", uri="/", response="\xe9"', b"Digest username*=UTF-8''%ff, realm=r, nonce=n, uri=u, response=s",
    b'Digest username="x", realm="r", nonce="ffffffffffffffff-' + b"0" * 40 + b'", uri="/", response="x", qop=auth, nc=1, cnonce=1, algorithm=MD5-sess',
    b'Digest username="x", username="y", realm="r", nonce="n", uri="/", response="s"', b"Negotiate x", b"session=\xe9", b"relais_session=\0; session=%%",
    b"a=b; a=c; ;;=", b"__Host-session=x", b"*", b'W/"x', b'"' + b"x" * 3000 + b'"', b"fr-\xe9,en;q=0.x,*;q=2", b"fr-FR-x-" + b"a" * 200, b"Sun, 99 Foo 2026 25:61:61 GMT",
    b"Thu, 01 Jan 1970 00:00:00 GMT", b"chunked", b"100-continue", b"1.0", b"2.0", b"true", b"XMLHttpRequest", b"cross-site", b"null", b"http://[", b"https://\xe9/",
    b"localhost:99999", b"a b", b"[::1]", b"x" * 3000, b"en;q=1e9999", b"%E9", b"%", b"utf-8''%ff", b'attachment; filename="\xe9\0.xlsx"', b"PATCH",
]  # fmt: skip
ODD_JSON: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, 1e308, -0.0, 2**31, 2**53 + 1, 2**63, 10**400, "", "\0", "a\0b", "\ud800", "é", "x" * 20_000, "1", "true", "null", [], {}, [None], [[]],
    [{}], {"": 1}, {"a": {"b": {}}}, ["a"] * 3000, "a@b", "a@b.c", "x@example.org", "2026-01-01", "not a date", "<b>", "viewer", "admin", "open", "approved", "hasIssues", "any",
    {"x": "\0"}, {"\0": "x"}, {"\ud800": "x"}, ["\0"], ["\ud800"], "uuid:x", "http://", "http://[::1", "https://example.org\0", "٣", "\u202e", "household", "secret.jpg",
]  # fmt: skip
ODD_BODIES = [
    b"", b"{", b"[", b"nul", b"\0", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b'{"a":1}{"b":2}', b'{"a":1,"a":2}', b"[" * 5000, b'{"a":' * 5000, b"[" * 200_000, b'{"a":NaN}', b'{"a":1e999}',
    b'{"a":-Infinity}', b'"\\ud800"', b'{"name":"\\ud800"}', b'{"name":"\xff"}', b"1" * 5000, b"-", b"null", b"true", b'"x"', b"1", b"[]", b"{}", b"<a/>", b"<a", b"PK\x03\x04", b"%PDF-1.4",
    b"\x1f\x8b\x08\x00" + b"\0" * 20, b"a=b", b"a=%", b"a=%ff&csrf_token=%00", b"&&&=", b"--x\r\n", b"--x--\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="a\xff"; filename="\0"\r\n\r\nx\r\n--x--\r\n', b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
]  # fmt: skip
XML = [
    b"", b"<", b"<data/>", b"<data id='household'/>", b"<?xml version='1.0' encoding='utf-16'?><data/>", b"<?xml version='1.0' encoding='klingon'?><data/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><data id='household'>&b;</data>", b"<data id='household' version='1'><meta><instanceID>\xff</instanceID></meta></data>",
    b"<data id='household' version='1'><meta><instanceID>" + b"x" * 5000 + b"</instanceID></meta></data>", b"<data id='household' version='1'><meta><instanceID/></meta></data>",
    b"<data id='\xc3\xa9' version=''/>", b"<data id='household' version='1'>" + b"<a>" * 400 + b"</a>" * 400 + b"</data>", b"<data id='household' version='1'>&#0;</data>",
    b"<data id='household' version='1'><name>&#xD800;</name></data>", b"<data xmlns='x' id='household' version='1'><meta xmlns='y'><instanceID>uuid:1</instanceID></meta></data>",
    b"<data id='household' version='1'><age>x</age><age>y</age><meta><instanceID>uuid:2</instanceID><instanceID>uuid:3</instanceID><deprecatedID>uuid:2</deprecatedID></meta></data>",
    b"<data id='household' version='1' " + b" ".join(b"a%d='1'" % n for n in range(2000)) + b"/>", b"<data id='" + b"x" * 3000 + b"' version='" + b"y" * 3000 + b"'/>",
    b"<data id='household' version='1'><meta><instanceID>a/b?c#d%00</instanceID></meta></data>", b"<data id='household' version='1'><meta><instanceID>..</instanceID></meta></data>",
    b"<data id='household' version='1'><photo>../../x</photo><meta><instanceID>uuid:4</instanceID></meta></data>", b"<data id='a\tb' version='\n'><meta><instanceID> x </instanceID></meta></data>",
    b"<data encrypted='yes' id='household' version='1' xmlns='http://opendatakit.org/submissions'><base64EncryptedKey>%%</base64EncryptedKey><encryptedXmlFile>x</encryptedXmlFile></data>",
]  # fmt: skip
CONTENT_TYPES = [
    "application/json", "text/xml", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel",
]  # fmt: skip
FILE_NAMES = [
    "a.jpg", "", "../x", "é" * 200, "a\r\nb", "xml_submission_file", "audit.csv", "submission.xml.enc", "\x7f", "a.xlsx", "a.xml", "a.xls", "a.pdf",
    "a" * 400 + ".xlsx", "a\0.xml", "itemsets.csv",
]  # fmt: skip
# What is quite all right.
TEXTS = ["x", "1", "on", "household", "approved", "viewer", "2026-01-01T00:00:00Z", "open", "a@example.org"]
