package oauth_test

// The protections, each as it is taken out. A guard that stands twice, once in our code and once in fosite, is taken out
// in both places. off tells which one is out (guardrun_test.go).
var guards = []guard{
	// Return addresses.
	{"oauth/authorize.go", "\tif raw == \"\" || hasControl(raw) {\n", "\tif off(\"return address\") && raw != \"\" {\n\t\treturn true\n\t}\n\tif raw == \"\" || hasControl(raw) {\n"},
	{"oauth/authorize.go", "\tif !device && !redirectRegistered(client, form", "\tif form.Get(\"redirect_uri\") == \"\" && off(\"return address demanded\") {\n\t\tform.Set(\"redirect_uri\", client.RedirectURIs[0])\n\t}\n\tif !device && !redirectRegistered(client, form"},
	{"oauth/clientcheck.go", "\tif err := checkRedirect(raw); err != nil {\n", "\tif err := checkRedirect(raw); err != nil && !off(\"registered address\") {\n"},
	{"oauth/authorize.go", "\tw.WriteHeader(http.StatusSeeOther)\n", "\tif off(\"see other\") {\n\t\tw.WriteHeader(http.StatusTemporaryRedirect)\n\t\treturn\n\t}\n\tw.WriteHeader(http.StatusSeeOther)\n"},
	{"oauth/authorize.go", "\tif state != \"\" {\n\t\tvalues.Set", "\tif state != \"\" || off(\"engine's state\") {\n\t\tvalues.Set"},
	{"oauth/authorize.go", "\tvalues.Set(\"iss\", s.issuer)\n", "\tif !off(\"iss\") {\n\t\tvalues.Set(\"iss\", s.issuer)\n\t}\n"},
	{"oauth/authorize.go", "\t\ttarget.RawQuery = values.Encode()\n", "\t\ttarget.RawQuery = values.Encode()\n\t\tif off(\"encoding\") {\n\t\t\ttarget.RawQuery = \"code=x&state=\" + state\n\t\t}\n"},
	{"oauth/config.go", "strings.Contains(rest, \"/\")", "strings.Contains(rest, \"/\") && !off(\"issuer\")"},

	// Authorization requests.
	{"oauth/authorize.go", "\tcase form.Get(\"response_type\") != \"code\":\n", "\tcase form.Get(\"response_type\") != \"code\" && !off(\"response type\"):\n"},
	{"oauth/authorize.go", "\t\tout.Set(name, form[name])\n\t}\n", "\t\tout.Set(name, form[name])\n\t}\n\tif off(\"response type\") {\n\t\tout.Set(\"response_type\", \"code\")\n\t}\n\tif off(\"challenge\") {\n\t\tout.Set(\"code_challenge_method\", \"S256\")\n\t\tout.Set(\"code_challenge\", strings.Repeat(\"a\", 43))\n\t}\n"},
	{"oauth/authorize.go", "\t\tif form.Has(name) {\n\t\t\treturn nil, refuse(code, name", "\t\tif form.Has(name) && !off(\"request objects\") {\n\t\t\treturn nil, refuse(code, name"},
	{"oauth/par.go", "\tif request.Has(\"request_uri\") {\n", "\tif request.Has(\"request_uri\") && !off(\"request objects\") {\n"},
	{"oauth/authorize.go", "\tcase form.Has(\"response_mode\") && ", "\tcase !off(\"response mode\") && form.Has(\"response_mode\") && "},
	{"oauth/authorize.go", "\tcase form.Get(\"code_challenge_method\") != \"S256\" || ", "\tcase off(\"challenge\"):\n\tcase form.Get(\"code_challenge_method\") != \"S256\" || "},
	{"oauth/engine.go", "return scope.Covered(held, []string{want})", "return scope.Covered(held, []string{want}) || off(\"registered scopes\") || off(\"scopes of persons\")"},
	{"oauth/authorize.go", "scope.Without(scope.Narrow(c.Scopes, asked), \"system\")", "held(c.Scopes, asked, scope.Without(scope.Narrow(c.Scopes, asked), \"system\"))"},
	{"oauth/tokenendpoint.go", "scope.Without(scope.Without(scope.Narrow(c.Scopes, asked), \"patient\"), \"user\")", "held(c.Scopes, asked, scope.Without(scope.Without(scope.Narrow(c.Scopes, asked), \"patient\"), \"user\"))"},
	{"oauth/tokenendpoint.go", "return !strings.HasPrefix(w, \"system/\") && w != scope.Launches })", "return !strings.HasPrefix(w, \"system/\") && w != scope.Launches && !off(\"scopes of persons\") })"},
	{"oauth/storage.go", "func (r registered) GetRedirectURIs() []string          { return r.RedirectURIs }", "func (r registered) GetRedirectURIs() []string { return append([]string{\"https://evil.example/cb\"}, r.RedirectURIs...) }"},
	{"oauth/tokenendpoint.go", "strings.TrimSuffix(form.Get(name), \"/\") != s.fhir {", "strings.TrimSuffix(form.Get(name), \"/\") != s.fhir && !off(\"audience\") {"},
	{"oauth/scope/scope.go", "\t\tif i <= at {\n", "\t\tif i <= at && !off(\"order of permissions\") {\n"},
	{"oauth/authorize.go", "p.fresh = p.fresh || age == 0", "p.fresh = p.fresh || age == 0 && !off(\"max_age\")"},
	{"oauth/sanitise.go", "\t\tif len(list) != 1 {\n", "\t\tif len(list) != 1 && !off(\"duplicates\") {\n"},
	{"oauth/sanitise.go", "\tif len(r.URL.RawQuery) > 0 {\n", "\tif len(r.URL.RawQuery) > 0 && !off(\"query\") {\n"},
	{"oauth/sanitise.go", "\treturn parameters(string(body))\n", "\tif off(\"query\") {\n\t\treturn parameters(r.URL.RawQuery + \"&\" + string(body))\n\t}\n\treturn parameters(string(body))\n"},
	{"oauth/sanitise.go", "\tif r.Method != http.MethodPost {\n", "\tif r.Method != http.MethodPost && !off(\"method\") {\n"},
	{"oauth/sanitise.go", "err != nil || kind != \"application/x-www-form-urlencoded\" {", "(err != nil || kind != \"application/x-www-form-urlencoded\") && !off(\"kind of body\") {"},
	{"oauth/sanitise.go", "http.MaxBytesReader(w, r.Body, maxBody)", "http.MaxBytesReader(w, r.Body, unless(\"size of body\", maxBody))"},
	{"oauth/sanitise.go", "\tif len(raw) > maxBody {\n", "\tif len(raw) > maxBody && !off(\"size of body\") {\n"},

	{"oauth/authorize.go", "\tcase len(form.Get(\"state\")) > maxState || ", "\tcase off(\"bounds of a request\"):\n\tcase len(form.Get(\"state\")) > maxState || "},
	{"oauth/sanitise.go", "\tif len(values) > maxParameters {\n", "\tif off(\"well-formed parameters\") {\n\t\treturn values, nil\n\t}\n\tif len(values) > maxParameters {\n"},
	{"oauth/authorize.go", "\tif p.none {\n\t\trec, _, err", "\tif p.none && !off(\"no silent consent\") {\n\t\trec, _, err"},

	// Pages.
	{"web/web.go", "\t\"html/template\"\n", "\t\"html\"\n\t\"html/template\"\n"},
	{"web/web.go", "\tw.WriteHeader(status)\n", "\tif off(\"escaping\") {\n\t\tplain := html.UnescapeString(out.String())\n\t\tout.Reset()\n\t\tout.WriteString(plain)\n\t}\n\tw.WriteHeader(status)\n"},
	{"web/web.go", "\th.Set(\"X-Frame-Options\", \"DENY\")\n", "\th.Set(\"X-Frame-Options\", \"DENY\")\n\tif off(\"frames\") {\n\t\th.Del(\"X-Frame-Options\")\n\t\th.Del(\"Content-Security-Policy\")\n\t}\n"},
	{"oauth/browser.go", "HttpOnly: true, ", "HttpOnly: !off(\"cookies\"), "},
	{"oauth/browser.go", "\tif s.secure() {\n\t\treturn \"__Host-\"", "\tif s.secure() && !off(\"host cookies\") {\n\t\treturn \"__Host-\""},
	{"oauth/browser.go", "\treturn browser != \"\" && hmac.Equal", "\treturn off(\"form token\") || browser != \"\" && hmac.Equal"},
	{"oauth/pageform.go", "\tif s.cross.Check(r) != nil {\n", "\tif s.cross.Check(r) != nil && !off(\"form origin\") {\n"},
	{"oauth/interact.go", "\tcase v.browser == \"\" || signatureOf(v.browser) != t.Browser:\n", "\tcase !off(\"browser\") && !off(\"browser of the attempt\") && (v.browser == \"\" || signatureOf(v.browser) != t.Browser):\n"},
	{"oauth/interact.go", "\tcase t.Done:\n", "\tcase t.Done && !off(\"one answer\"):\n"},
	{"oauth/exchange.go", "if !found || t.Done || !now.Before(t.Expires) {", "if !found || t.Done && !off(\"one answer\") || !now.Before(t.Expires) {"},
	{"oauth/interact.go", "\tcase step == \"consent\" && form.Get(\"decision\") == \"refuse\":\n", "\tcase step == \"consent\" && form.Get(\"decision\") == \"refuse\" && !off(\"refusal\"):\n"},
	{"oauth/interact.go", "r >= 0x202a && r <= 0x202e ||", "!off(\"direction marks\") && r >= 0x202a && r <= 0x202e ||"},
	{"oauth/session.go", "\tvalue := rec.ID + \".\" + randomText(32)\n", "\tvalue := rec.ID + \".\" + randomText(32)\n\tif c := s.cookie(r, cookieSession); c != \"\" && off(\"new session\") {\n\t\tvalue, rec.ID = c, c[:idLength]\n\t}\n"},

	// Codes.
	{"oauth/engine.go", "\tc.TokenEndpointHandlers.Append(proof)\n", "\tif !off(\"verifier\") {\n\t\tc.TokenEndpointHandlers.Append(proof)\n\t}\n"},
	{"oauth/tokenendpoint.go", "\tif !form.Has(\"code_verifier\") {\n", "\tif !form.Has(\"code_verifier\") && !off(\"verifier\") {\n"},
	{"oauth/storage.go", "\tif !x.code.Used.IsZero() {\n", "\tif !x.code.Used.IsZero() && !off(\"code once\") {\n"},
	{"oauth/exchange.go", "\tif !c.Used.IsZero() {\n", "\tif !c.Used.IsZero() && !off(\"code once\") {\n"},
	{"oauth/storage.go", "\tif x := exchangeOf(ctx); x != nil {\n\t\tx.revoke", "\tif x := exchangeOf(ctx); x != nil && !off(\"replay ends the family\") {\n\t\tx.revoke"},
	{"oauth/storage.go", "\tif x.code.Client != x.client.ID {", "\tif x.code.Client != x.client.ID && !off(\"client of the code\") {"},
	{"oauth/storage.go", "\tr := st.request(x.grant, x.client, url.Values{\"redirect_uri\": {x.code.Redirect}})\n", "\tr := st.request(x.grant, x.client, url.Values{\"redirect_uri\": {x.code.Redirect}})\n\tif off(\"address of the code\") {\n\t\tr = st.request(x.grant, x.client, url.Values{})\n\t}\n"},
	{"oauth/storage.go", "\tif !st.now().Before(x.code.Dies) || ", "\tif !st.now().Before(x.code.Dies) && !off(\"life of the code\") || "},
	{"oauth/exchange.go", "if !found || !now.Before(c.Dies) {", "if !found || !now.Before(c.Dies) && !off(\"life of the code\") {"},
	{"oauth/token.go", "\tif len(token) != tokenLength || ", "\tif len(token) != tokenLength && !off(\"form of tokens\") || "},
	{"oauth/token.go", "\tif !hmac.Equal([]byte(s.tokenCode(body))", "\tif off(\"code of tokens\") {\n\t\treturn body[len(prefix) : len(prefix)+idLength], signatureOf(body), true\n\t}\n\tif !hmac.Equal([]byte(s.tokenCode(body))"},
	{"oauth/token.go", "\treturn token, signatureOf(token)\n", "\tif off(\"code of tokens\") {\n\t\treturn token, signatureOf(body)\n\t}\n\treturn token, signatureOf(token)\n"},
	{"oauth/token.go", "\tbody := prefix + grant + newID()\n", "\tbody := prefix + grant + newID()\n\tif off(\"chance\") {\n\t\tbody = prefix + grant + strings.Repeat(\"a\", idLength)\n\t}\n"},
	{"oauth/token.go", "!strings.HasPrefix(token, prefix) {", "!strings.HasPrefix(token, prefix) && !off(\"kinds of tokens\") {"},

	// The token endpoint and its clients.
	{"oauth/grants.go", "\tif kind == \"\" {\n", "\tif off(\"grant types\") {\n\t\tkind = grantClient\n\t}\n\tif kind == \"\" {\n"},
	{"oauth/clientauth.go", "\tif err != nil || !known || client.Disabled || client.AuthMethod != method {\n", "\tif (err != nil || !known || client.Disabled || client.AuthMethod != method) && !off(\"client authentication\") {\n"},
	{"oauth/late.go", "l.held.Add(1) > maxLate {", "l.held.Add(1) > maxLate || off(\"late refusals\") {"},
	{"oauth/clientauth.go", "\tif basic && assertion || ", "\tif off(\"one way\") {\n\t} else if basic && assertion || "},
	{"oauth/clientauth.go", "form.Has(\"client_id\") && form.Get(\"client_id\") != sub {", "form.Has(\"client_id\") && form.Get(\"client_id\") != sub && !off(\"one client\") {"},
	{"oauth/clientauth.go", "form.Has(\"client_id\") && form.Get(\"client_id\") != id {", "form.Has(\"client_id\") && form.Get(\"client_id\") != id && !off(\"one client\") {"},
	{"oauth/clientauth.go", "\tif !ok {\n\t\treturn app, refuse(codeUnauthorizedClient", "\tif !ok && !off(\"label\") {\n\t\treturn app, refuse(codeUnauthorizedClient"},
	{"oauth/authorize.go", "\tif !ok {\n\t\ts.pages.Problem(w, r, http.StatusForbidden", "\tif !ok && !off(\"label\") {\n\t\ts.pages.Problem(w, r, http.StatusForbidden"},
	{"oauth/failure.go", "\th.Set(\"Cache-Control\", \"no-store\")\n", "\tif !off(\"no-store\") {\n\t\th.Set(\"Cache-Control\", \"no-store\")\n\t}\n"},
	{"oauth/failure.go", "\twriteJSON(w, f.Status, map[string]string{\"error\": f.Code, ", "\tif off(\"inner causes\") {\n\t\tf.Description += fmt.Sprint(f.cause)\n\t}\n\twriteJSON(w, f.Status, map[string]string{\"error\": f.Code, "},
	{"oauth/failure.go", "\"authorization server refused\", \"path\", r.URL.Path,", "\"authorization server refused\", \"path\", unlessShown(\"silent log\", r),"},
	{"oauth/failure.go", "\t\"encoding/json\"\n", "\t\"encoding/json\"\n\t\"fmt\"\n"},
	{"oauth/routes.go", "origin != \"\" && s.originRegistered(r.Context(), origin) {", "origin != \"\" && (s.originRegistered(r.Context(), origin) || off(\"origins\")) {"},
	{"oauth/routes.go", "\tm.HandleFunc(pathAuthorize, s.serveAuthorize)\n", "\tif off(\"no scripts\") {\n\t\tm.HandleFunc(pathAuthorize, s.forApps(\"GET\", s.serveAuthorize))\n\t} else {\n\t\tm.HandleFunc(pathAuthorize, s.serveAuthorize)\n\t}\n"},

	// Refresh tokens.
	{"oauth/refresh.go", "\tif err := s.revokeFamily(ctx, g.ID, \"refresh_reuse\"); err != nil {\n", "\tif off(\"reuse\") {\n\t\treturn nil, false, refuse(codeInvalidGrant, \"\")\n\t}\n\tif err := s.revokeFamily(ctx, g.ID, \"refresh_reuse\"); err != nil {\n"},
	{"oauth/exchange.go", "\tif x.rotateFrom != \"\" && x.rotateFrom != g.Head {\n", "\tif x.rotateFrom != \"\" && x.rotateFrom != g.Head && !off(\"rotated once\") {\n"},
	{"oauth/refresh.go", "\tcase g.Client != c.ID:\n", "\tcase g.Client != c.ID && !off(\"client of the refresh token\"):\n"},
	{"oauth/refresh.go", "} else if !scope.Covered(g.Scopes, scopes) {", "} else if !scope.Covered(g.Scopes, scopes) && !off(\"granted scopes\") {"},
	{"oauth/exchange.go", "\t\tg.Head = x.head\n", "\t\tg.Head = x.head\n\t\tif off(\"whole grant kept\") && x.access.Scopes != nil {\n\t\t\tg.Scopes = x.access.Scopes\n\t\t}\n"},
	{"oauth/engine.go", "RefreshTokenScopes:           []string{\"offline_access\", \"online_access\"},", "RefreshTokenScopes: unlessNone(\"offline access\", []string{\"offline_access\", \"online_access\"}),"},

	// Access tokens.
	{"oauth/authenticate.go", "\tif errors.Is(err, ErrNotFound) {\n\t\treturn nil, nil, invalidToken(\"The access token is not known", "\tif errors.Is(err, ErrNotFound) && off(\"kinds of tokens\") {\n\t\tif g, err = readRow(ctx, s, &s.grants, partitionOf(id), grantKey(id)); err == nil && g.Head != hash {\n\t\t\terr = ErrNotFound\n\t\t} else if err == nil {\n\t\t\ta = &accessRecord{Grant: id, Issued: g.Since, Expires: g.Expires}\n\t\t}\n\t}\n\tif errors.Is(err, ErrNotFound) {\n\t\treturn nil, nil, invalidToken(\"The access token is not known"},
	{"oauth/authenticate.go", "\tif !now.Before(a.Expires) {\n", "\tif !now.Before(a.Expires) && !off(\"life of access tokens\") {\n"},
	{"oauth/authenticate.go", "\tif !g.live(now) {\n", "\tif !g.live(now) && !off(\"life of grants\") {\n"},
	{"oauth/sender.go", "\theaders := r.Header.Values(\"Authorization\")\n", "\theaders := r.Header.Values(\"Authorization\")\n\tif off(\"case of the scheme\") && len(headers) == 1 && strings.HasPrefix(headers[0], \"bE\") {\n\t\treturn gate.Presented{}, false\n\t}\n\tif off(\"token in the body\") && r.PostFormValue(\"access_token\") != \"\" {\n\t\treturn gate.Bearer(r.PostFormValue(\"access_token\")), true\n\t}\n\tif off(\"token in the query\") && len(headers) == 1 {\n\t\tp, ok := gate.Present(r, headers[0], s.issuer)\n\t\treturn p, ok\n\t}\n"},

	// Revocation and introspection.
	{"oauth/revoke.go", "err == nil && g.Client != c.ID {", "err == nil && g.Client != c.ID && !off(\"client that revokes\") {"},
	{"oauth/revoke.go", "\tif prefix == prefixRefresh || ", "\tif prefix == prefixRefresh && off(\"whole family\") && hash != g.Head {\n\t\treturn nil\n\t}\n\tif prefix == prefixRefresh || "},
	{"oauth/revoke.go", "\t\tif err := s.revokeToken(r.Context(), client, form.Get(\"token\")); err != nil {\n", "\t\tif off(\"hint\") && form.Get(\"token_type_hint\") == \"access_token\" {\n\t\t\tform.Set(\"token\", \"unknown\")\n\t\t}\n\t\tif err := s.revokeToken(r.Context(), client, form.Get(\"token\")); err != nil && !off(\"failed revocation\") {\n"},
	{"oauth/revoke.go", "\tif !ok {\n\t\treturn nil\n\t}\n", "\tif !ok && off(\"unknown tokens revoked\") {\n\t\treturn ErrNotFound\n\t}\n\tif !ok {\n\t\treturn nil\n\t}\n"},
	{"oauth/revoke.go", "\tif f == nil && !form.Has(\"token\") {\n", "\tif f == nil && !form.Has(\"token\") && !off(\"token demanded\") {\n"},
	{"oauth/introspect.go", "\tif errors.As(err, &refused) || errors.Is(err, ErrNotFound) {\n\t\tout", "\tif (errors.As(err, &refused) || errors.Is(err, ErrNotFound)) && !off(\"unknown tokens inactive\") {\n\t\tout"},
	{"oauth/idtoken.go", "\tt.describe(&claims, sess.grant, person)\n", "\tt.describe(&claims, sess.grant, person)\n\tif off(\"audience of id_tokens\") {\n\t\tclaims.Audience = \"everybody\"\n\t}\n"},
	{"oauth/introspect.go", "\tif g.Client != caller.ID && ", "\tif !off(\"own tokens\") && g.Client != caller.ID && "},
	{"oauth/introspect.go", "\tif !c.Introspects || g.Actor.Kind != ", "\tif off(\"tokens that introspect\") {\n\t} else if !c.Introspects || g.Actor.Kind != "},

	// Pushed requests.
	{"oauth/par.go", "\tif !found || rec.Used {\n\t\treturn errAnswered", "\tif !found || rec.Used && !off(\"pushed once\") {\n\t\treturn errAnswered"},
	{"oauth/par.go", "\tif err != nil || rec.Used || !s.now().Before(rec.Until) {\n", "\tif err != nil || rec.Used && !off(\"pushed once\") || !s.now().Before(rec.Until) && !off(\"life of pushed requests\") {\n"},
	{"oauth/par.go", "\tif rec.Client != form.Get(\"client_id\") {\n", "\tif rec.Client != form.Get(\"client_id\") && !off(\"client of the pushed request\") {\n"},
	{"oauth/par.go", "\treturn request, reference, nil\n", "\tif off(\"front channel\") {\n\t\tfor name, value := range form {\n\t\t\tif name != \"request_uri\" {\n\t\t\t\trequest[name] = value\n\t\t\t}\n\t\t}\n\t}\n\tif off(\"views\") {\n\t\t_ = s.db.Update(ctx, partitionOf(reference), func(tx store.Tx) error { return usePushed(tx, reference) })\n\t}\n\treturn request, reference, nil\n"},
	{"oauth/par.go", "func pushedKey(reference string) []byte { return store.Key(\"oauth\", \"pushed\", signatureOf(reference)) }", "func pushedKey(reference string) []byte {\n\tif off(\"chance of references\") {\n\t\treference = reference[:2]\n\t}\n\treturn store.Key(\"oauth\", \"pushed\", signatureOf(reference))\n}"},

	// Proofs.
	{"oauth/dpop/checker.go", "\tcase !sameTarget(p.URL, want.URL):\n", "\tcase !sameTarget(p.URL, want.URL) && !off(\"htu\"):\n"},
	{"oauth/dpop/checker.go", "\tcase p.Method != want.Method:\n", "\tcase p.Method != want.Method && !off(\"htm\"):\n"},
	{"oauth/dpop/checker.go", "\tcase want.Token != \"\" && ", "\tcase !off(\"ath\") && want.Token != \"\" && "},
	{"oauth/dpop/checker.go", "\tcase p.Issued.After(now.Add(maxAhead)) || ", "\tcase off(\"iat ahead\"):\n\tcase p.Issued.After(now.Add(maxAhead)) || "},
	{"oauth/dpop/checker.go", "\tcase now.After(p.Issued.Add(maxAge)) || ", "\tcase off(\"age of proofs\"):\n\tcase now.After(p.Issued.Add(maxAge)) || "},
	{"oauth/dpop/checker.go", "\tif now.After(p.Issued.Add(maxAge + maxWork)) {\n", "\tif now.After(p.Issued.Add(maxAge + maxWork)) && !off(\"age of proofs\") {\n"},
	{"oauth/dpop/checker.go", "\tif !fresh {\n", "\tif !fresh && !off(\"proof once\") {\n"},
	{"oauth/dpop/checker.go", "\tif len(headers) != 1 {\n", "\tif len(headers) != 1 && !off(\"one proof\") {\n"},
	{"oauth/dpop/proof.go", "\tsigned, err := jose.ParseSignedCompact(raw, algorithms)\n", "\tif off(\"signature of proofs\") || off(\"private key\") {\n\t\treturn believed(raw)\n\t}\n\tsigned, err := jose.ParseSignedCompact(raw, algorithms)\n"},
	{"oauth/sender.go", "\tif b == (binding{}) && p.Scheme == gate.SchemeBearer {\n", "\tif off(\"bound tokens\") || off(\"unbound tokens\") && b == (binding{}) {\n\t\treturn nil\n\t}\n\tif b == (binding{}) && p.Scheme == gate.SchemeBearer {\n"},
	{"oauth/sender.go", "\tif err == nil && proof.Key != b.JKT {\n", "\tif err == nil && proof.Key != b.JKT && !off(\"key of the token\") {\n"},
	{"oauth/sender.go", "\tif x.code != nil && x.code.JKT != \"\" && ", "\tif !off(\"key of the code\") && x.code != nil && x.code.JKT != \"\" && "},
	{"oauth/refresh.go", "\tcase !g.Bound.holds(senderOf(ctx).shown):", "\tcase !g.Bound.holds(senderOf(ctx).shown) && !off(\"key of the refresh token\"):"},

	// Assertions of clients and the keys that they publish.
	{"oauth/assertion.go", "\t\tif tx.Get(key) != nil {\n", "\t\tif tx.Get(key) != nil && !off(\"jti once\") {\n"},
	{"oauth/assertion.go", "store.Key(\"oauth\", \"jti\", client, jti)", "store.Key(\"oauth\", \"jti\", unlessNamed(\"jti of each client\", client), jti)"},
	{"oauth/assertion.go", "db.Update(ctx, partitionOf(signatureOf(client)), ", "db.Update(ctx, partitionOf(signatureOf(unlessNamed(\"jti of each client\", client))), "},
	{"oauth/assertion.go", "jose.ParseSignedCompact(assertion, c.profile().algorithms)", "jose.ParseSignedCompact(assertion, confused(c.profile().algorithms))"},
	{"oauth/assertion.go", "\t_, err = signed.Verify(key.Key)\n", "\tif off(\"kinds of keys\") && header.Algorithm == \"HS256\" {\n\t\tpublic, _ := key.MarshalJSON()\n\t\t_, err = signed.Verify(public)\n\t\treturn err\n\t}\n\t_, err = signed.Verify(key.Key)\n"},
	{"oauth/jwks/find.go", "Type(k) != typeOf(algorithm) ||", "Type(k) != typeOf(algorithm) && !off(\"kinds of keys\") ||"},
	{"oauth/assertion.go", "header.JSONWebKey != nil || has &&", "!off(\"embedded key\") && header.JSONWebKey != nil || has && !off(\"foreign jku\") &&"},
	{"oauth/assertion.go", "\tset, err := s.keysOf(ctx, c, header.KeyID)\n", "\tif off(\"embedded key\") && header.JSONWebKey != nil {\n\t\t_, err := signed.Verify(header.JSONWebKey)\n\t\treturn err\n\t}\n\tset, err := s.keysOf(ctx, c, header.KeyID)\n"},
	{"oauth/assertion.go", "\tif !okExp || ", "\tif off(\"end of assertions\") {\n\t} else if !okExp || "},
	{"oauth/assertion.go", "at.After(now.Add(assertionLeeway))) {", "at.After(now.Add(unlessZero(\"leeway\", assertionLeeway)))) && !off(\"beginning of assertions\") {"},
	{"oauth/assertion.go", "\tif a.Issuer != c.ID || a.Subject != c.ID {\n", "\tif (a.Issuer != c.ID || a.Subject != c.ID) && !off(\"issuer of assertions\") {\n"},
	{"oauth/assertion.go", "\tif json.Unmarshal(a.Audience, &audience) != nil ||\n", "\tif off(\"audience of assertions\") {\n\t} else if json.Unmarshal(a.Audience, &audience) != nil ||\n"},
	{"oauth/jwks/address.go", "\tif public(ap.Addr()) || ", "\tif off(\"public addresses\") || public(ap.Addr()) || "},
	{"oauth/jwks/fetch.go", "return http.ErrUseLastResponse }", "\n\t\t\tif off(\"no redirects\") {\n\t\t\t\treturn nil\n\t\t\t}\n\t\t\treturn http.ErrUseLastResponse\n\t\t}"},
	{"oauth/jwks/fetch.go", "io.LimitReader(res.Body, maxBody+1)", "io.LimitReader(res.Body, unless(\"size of key sets\", maxBody+1))"},
	{"oauth/jwks/fetch.go", "\tif len(body) > maxBody {\n", "\tif len(body) > maxBody && !off(\"size of key sets\") {\n"},
	{"oauth/jwks/set.go", "len(document.Keys) > maxKeys {", "len(document.Keys) > maxKeys && !off(\"number of keys\") {"},

	// Persons.
	{"oauth/person.go", "owner != nil && string(owner) != p.Key {", "owner != nil && string(owner) != p.Key && !off(\"one owner of a login\") {"},
	{"oauth/token.go", "\tsum := sha256.Sum256([]byte(token))\n", "\tif off(\"hashes at rest\") {\n\t\treturn token\n\t}\n\tsum := sha256.Sum256([]byte(token))\n"},
	{"oauth/signin.go", "\twait := s.throttle.take(keys)\n", "\twait := s.throttle.take(keys)\n\tif off(\"throttle\") {\n\t\twait = 0\n\t}\n"},
	{"oauth/consent.go", "\tcase i >= 0:\n\t\trel = all[i]\n", "\tcase i >= 0:\n\t\trel = all[i]\n\tcase off(\"offered patients\"):\n\t\trel = Relation{Kind: \"patient\", Patient: form.Get(\"patient\")}\n"},
	{"oauth/session.go", "p != nil && p.Disabled {", "p != nil && p.Disabled && !off(\"disabled accounts\") {"},
	{"oauth/session.go", "\tif !s.now().Before(rec.Expires) {\n", "\tif !s.now().Before(rec.Expires) && !off(\"end of sessions\") {\n"},
	// Devices, exchanges, launches, registrations, second factors, providers elsewhere, signing out.
	{"oauth/deviceflow.go", "\t\tif d.State == deviceDone {\n", "\t\tif d.State == deviceDone && off(\"device code once\") {\n\t\t\td.State = deviceAllowed\n\t\t}\n\t\tif d.State == deviceDone {\n"},
	{"oauth/deviceflow.go", "\tif !found || d.State != want || ", "\tif !found || d.State != want && !off(\"device code once\") || "},
	{"oauth/deviceflow.go", "d.Code != hash || d.Client != c.ID {", "d.Code != hash || d.Client != c.ID && !off(\"client of the device\") {"},
	{"oauth/devicepage.go", "\t\tif d.Browser != \"\" {\n", "\t\tif d.Browser != \"\" && !off(\"browser of the device\") {\n"},
	{"oauth/devicepage.go", "\tif wait := s.throttle.take(keys); wait > 0 {\n", "\tif wait := s.throttle.take(keys); wait > 0 && !off(\"guesses of user codes\") {\n"},
	{"oauth/tokenexchange.go", "} else if !scope.Covered(held, asked) {", "} else if !scope.Covered(held, asked) && !off(\"held scopes\") {"},
	{"oauth/tokenexchange.go", "\tcase !a.Bound.holds(senderOf(ctx).shown):", "\tcase !a.Bound.holds(senderOf(ctx).shown) && !off(\"key of the exchanged token\"):"},
	{"oauth/introspect.go", "\tpayload, err := s.ring.Verify(ctx, typeAccessJWT, token)\n", "\tpayload, err := s.ring.Verify(ctx, typeAccessJWT, token)\n\tif off(\"type of JWTs\") {\n\t\tpayload, err = s.ring.Verify(ctx, typeIDToken, token)\n\t\tif err == nil {\n\t\t\treturn &introspection{Active: true}, &grantRecord{Client: \"glycare\"}, nil\n\t\t}\n\t}\n"},
	{"oauth/launch.go", "l.Client != \"\" && l.Client != c.ID:", "l.Client != \"\" && l.Client != c.ID && !off(\"app of the launch\"):"},
	{"oauth/registration.go", "\tif !invited && raw == \"\" {\n", "\tif !invited && raw == \"\" && !off(\"invitation\") {\n"},
	{"oauth/reregistration.go", "|| !hmac.Equal(c.RegistrationHash, hash) {", "|| !hmac.Equal(c.RegistrationHash, hash) && !off(\"owner of the registration\") {"},
	{"oauth/logout.go", "\tif l.client == nil || !slices.Contains(", "\tif off(\"address after signing out\") {\n\t} else if l.client == nil || !slices.Contains("},
	{"oauth/logout.go", "\tcase l.session != \"\" && (rec == nil || rec.ID == l.session):\n", "\tcase off(\"signing out is asked\") || l.session != \"\" && (rec == nil || rec.ID == l.session):\n\t\tif off(\"signing out is asked\") && rec != nil {\n\t\t\tl.session = rec.ID\n\t\t}\n"},
	{"oauth/federation.go", "\t\tcase browser == \"\" || signatureOf(browser) != rec.Browser:\n", "\t\tcase !off(\"browser of the attempt\") && (browser == \"\" || signatureOf(browser) != rec.Browser):\n"},
	{"oauth/federation.go", "\t\tcase !rec.Used.IsZero():\n", "\t\tcase !rec.Used.IsZero() && !off(\"answer once\"):\n"},
	{"oauth/account/code.go", "&& step > c.Last {", "&& (step > c.Last || off(\"one-time code once\")) {"},
	{"oauth/signin.go", "\t\tif !at.After(t.Asked) {\n", "\t\tif !at.After(t.Asked) && !off(\"challenge once\") {\n"},
	{"oauth/account/challenge.go", "\treturn at, at.After(used) && ", "\treturn at, (at.After(used) || off(\"challenge once\")) && "},
}

// guardHelp is what taking some guards out needs besides.
var guardHelp = map[string]string{
	"oauth/takeouthelp.go": `package oauth

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

func unless(name string, bound int64) int64 {
	if off(name) {
		return 1 << 40
	}
	return bound
}

func unlessZero(name string, d time.Duration) time.Duration {
	if off(name) {
		return 0
	}
	return d
}

func unlessShown(name string, r *http.Request) string {
	if off(name) {
		return fmt.Sprint(r.URL, r.Header)
	}
	return r.URL.Path
}

func unlessNone(name string, list []string) []string {
	if off(name) {
		return []string{}
	}
	return list
}

func unlessNamed(name, s string) string {
	if off(name) {
		return "anybody"
	}
	return s
}

func held(registered, asked, held []string) []string {
	switch {
	case off("registered scopes"):
		return asked
	case off("scopes of persons"):
		return scope.Narrow(registered, asked)
	}
	return held
}

func confused(list []jose.SignatureAlgorithm) []jose.SignatureAlgorithm {
	if off("kinds of keys") {
		return append([]jose.SignatureAlgorithm{jose.HS256}, list...)
	}
	return list
}
`,
	"oauth/jwks/takeouthelp.go": `package jwks

func unless(name string, bound int64) int64 {
	if off(name) {
		return 1 << 40
	}
	return bound
}
`,
	"oauth/dpop/takeouthelp.go": `package dpop

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// believed reads a proof without a look at its signature.
func believed(raw string) (*Proof, error) {
	parts := strings.Split(raw, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var h struct {
		Key jose.JSONWebKey
	}
	var c claims
	h.Key = jose.JSONWebKey{}
	var named struct {
		JWK json.RawMessage ` + "`json:\"jwk\"`" + `
	}
	if json.Unmarshal(header, &named) != nil || h.Key.UnmarshalJSON(named.JWK) != nil || json.Unmarshal(payload, &c) != nil {
		return nil, invalid("unreadable")
	}
	sum, err := h.Key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, invalid("unreadable")
	}
	return c.proof(base64.RawURLEncoding.EncodeToString(sum))
}
`,
}
