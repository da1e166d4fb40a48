#!/usr/bin/env python3
"""A CDS Hooks 2.0 client in Python, from the public specification alone (https://cds-hooks.hl7.org), with nothing but the
standard library. It discovers services, fetches what they would like to have in advance, calls each one for a hook, holds
the answers to the specification, and tells what became of the first card. It prints what it got as one JSON object.

    cdshooks.py --base URL --hook patient-view --patient ID --user Practitioner/ID [--token TOKEN | --fhir URL --grant TOKEN]
                [--issuer CLIENT-ID --key JWK-FILE] [--context JSON] [--feedback] [--language TAG]

--token goes into the Authorization header; --grant into fhirAuthorization, as an EHR gives it. With --issuer and --key the
client signs a JWT of its own for each call (ES384). The exit status is 1 for an answer that the specification does not allow.
"""
import argparse
import base64
import datetime
import hashlib
import json
import re
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Wrong(Exception):
    """An answer that the specification does not allow."""


# ES384 (RFC 7518 §3.4, FIPS 186-5), on the curve P-384.
P = 2**384 - 2**128 - 2**96 + 2**32 - 1
A = P - 3
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
G = (0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
     0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F)


def add(p, q):
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, p):
    out = None
    while k:
        if k & 1:
            out = add(out, p)
        p, k = add(p, p), k >> 1
    return out


def sign(d, message):
    z = int.from_bytes(hashlib.sha384(message).digest(), "big")
    while True:
        k = secrets.randbelow(N - 1) + 1
        r = times(k, G)[0] % N
        s = pow(k, -1, N) * (z + r * d) % N
        if r and s:
            return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(issuer, key, audience):
    """The JWT of "Trusting CDS Clients"."""
    if key.get("crv") != "P-384":
        raise SystemExit("the key must be of P-384")
    now = int(time.time())
    header = {"alg": "ES384", "typ": "JWT", "kid": key.get("kid")}
    claims = {"iss": issuer, "aud": audience, "iat": now, "exp": now + 240, "jti": str(uuid.uuid4())}
    text = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    return text + "." + b64(sign(int.from_bytes(unb64(key["d"]), "big"), text.encode()))


class Client:
    def __init__(self, options):
        self.o = options
        self.key = None
        if options.key:
            with open(options.key, encoding="utf-8") as f:
                self.key = json.load(f)

    def ask(self, method, url, body=None, token=None):
        request = urllib.request.Request(url, method=method, headers={"Accept": "application/json"})
        if self.o.language:
            request.add_header("Accept-Language", self.o.language)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def bearer(self, url):
        return signed(self.o.issuer, self.key, url) if self.key else self.o.token

    def services(self):
        url = self.o.base + "/cds-services"
        status, headers, raw = self.ask("GET", url, token=signed(self.o.issuer, self.key, url) if self.key else None)
        if status != 200 or "json" not in headers.get("Content-Type", ""):
            raise Wrong("the discovery answers %d %s" % (status, headers.get("Content-Type")))
        found = json.loads(raw)
        if not isinstance(found.get("services"), list):
            raise Wrong("the discovery has no list of services")
        for one in found["services"]:
            for name in ("hook", "description", "id"):
                if not isinstance(one.get(name), str) or not one[name]:
                    raise Wrong("a service lacks %s: %r" % (name, one))
            for template in one.get("prefetch", {}).values():
                if not isinstance(template, str) or not template:
                    raise Wrong("a prefetch template is no text: %r" % one)
        if len({one["id"] for one in found["services"]}) != len(found["services"]):
            raise Wrong("two services have one id")
        return [one for one in found["services"] if one["hook"] == self.o.hook]

    def prefetch(self, service, context):
        """What the service would like to have, as an EHR reads it for its user; a key that cannot be had is left out."""
        out = {}
        for key, template in service.get("prefetch", {}).items():
            query = re.sub(r"\{\{context\.(\w+)\}\}", lambda m: urllib.parse.quote(str(context[m.group(1)])), template)
            if "{{" in query or not self.o.fhir:
                continue
            status, _, raw = self.ask("GET", self.o.fhir + "/" + query, token=self.o.grant or self.o.token)
            if status == 200:
                out[key] = json.loads(raw)
        return out

    def call(self, service):
        context = {"userId": self.o.user, "patientId": self.o.patient, **json.loads(self.o.context)}
        body = {"hook": self.o.hook, "hookInstance": str(uuid.uuid4()), "context": context}
        prefetch = self.prefetch(service, context)
        if prefetch:
            body["prefetch"] = prefetch
        if self.o.grant:
            body["fhirServer"] = self.o.fhir
            body["fhirAuthorization"] = {
                "access_token": self.o.grant, "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs", "subject": service["id"],
            }
        url = self.o.base + "/cds-services/" + urllib.parse.quote(service["id"])
        status, headers, raw = self.ask("POST", url, body, self.bearer(url))
        if status != 200:
            return {"id": service["id"], "status": status, "body": raw.decode("utf-8", "replace")}
        if "json" not in headers.get("Content-Type", ""):
            raise Wrong("the answer is %s" % headers.get("Content-Type"))
        answer = json.loads(raw)
        if not isinstance(answer.get("cards"), list):
            raise Wrong("an answer without cards: %s" % raw)
        for card in answer["cards"]:
            check(card)
        return {"id": service["id"], "status": 200, "cards": answer["cards"], "bytes": raw.decode()}

    def feedback(self, result):
        card = result["cards"][0]
        url = self.o.base + "/cds-services/" + urllib.parse.quote(result["id"]) + "/feedback"
        item = {"card": card["uuid"], "outcome": "overridden", "overrideReason": {"userComment": "seen already"},
                "outcomeTimestamp": datetime.datetime.now(datetime.timezone.utc).isoformat()}
        status, _, raw = self.ask("POST", url, {"feedback": [item]}, self.bearer(url))
        if status != 200:
            raise Wrong("feedback answers %d: %s" % (status, raw))
        return status


def check(card):
    """Card attributes, source, suggestion, action and link, as the specification has them."""
    def text(of, name, needed=True):
        value = of.get(name)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value:
            raise Wrong("%s is missing or empty: %r" % (name, of))
        return value

    if len(text(card, "summary")) >= 140:
        raise Wrong("a summary of 140 characters or more")
    if text(card, "indicator") not in ("info", "warning", "critical"):
        raise Wrong("the indicator %r" % card["indicator"])
    text(card, "detail", needed=False)
    uuid.UUID(text(card, "uuid", needed=False) or str(uuid.uuid4()))
    text(card.get("source") or {}, "label")
    suggestions = card.get("suggestions")
    if suggestions is not None:
        if not suggestions or card.get("selectionBehavior") not in ("at-most-one", "any"):
            raise Wrong("suggestions without a selectionBehavior: %r" % card)
        for s in suggestions:
            text(s, "label")
            for a in s.get("actions", []):
                if text(a, "type") not in ("create", "update", "delete"):
                    raise Wrong("an action of the type %r" % a["type"])
                text(a, "description")
                if a["type"] != "delete" and not a.get("resource", {}).get("resourceType"):
                    raise Wrong("an action without a resource: %r" % a)
    for link in card.get("links", []):
        text(link, "label")
        if text(link, "type") not in ("absolute", "smart") or not urllib.parse.urlparse(text(link, "url")).scheme:
            raise Wrong("the link %r" % link)
    for name, value in card.items():
        if value is None or value == "" or value == [] or value == {}:
            raise Wrong("%s is there and empty" % name)


def main():
    p = argparse.ArgumentParser()
    for name in ("base", "hook", "patient", "user"):
        p.add_argument("--" + name, required=True)
    for name in ("token", "fhir", "grant", "issuer", "key", "language"):
        p.add_argument("--" + name)
    p.add_argument("--context", default="{}")
    p.add_argument("--feedback", action="store_true")
    client = Client(p.parse_args())
    try:
        results = [client.call(service) for service in client.services()]
        if client.o.feedback:
            for r in results:
                if r.get("cards"):
                    r["feedback"] = client.feedback(r)
    except Wrong as wrong:
        print("not as specified: %s" % wrong, file=sys.stderr)
        return 1
    json.dump({"results": results}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
