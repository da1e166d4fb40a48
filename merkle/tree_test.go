package merkle_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/merkle"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// inputs are the leaves of the vectors that the implementations of Certificate Transparency share; vectors are the roots over
// the first of them, from none to all, which a program of twenty lines of another language gives again from RFC 6962 §2.1.
var (
	inputs  = []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	vectors = []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
)

// logged is a log in memory: its edge and its rows.
type logged struct {
	merkle.Edge
	rows   [][]byte
	leaves [][]byte
}

func (l *logged) add(leaf []byte) {
	l.rows, l.leaves = append(l.rows, l.Add(tlog.RecordHash(leaf), nil)), append(l.leaves, leaf)
}

// row is a merkle.Rows.
func (l *logged) row(leaf int64) []byte {
	if leaf < 0 || leaf >= int64(len(l.rows)) {
		return nil
	}
	return l.rows[leaf]
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The roots, and the proofs over eight leaves, are those that others compute.
func TestVectors(t *testing.T) {
	t.Parallel()
	var l logged
	for n, want := range vectors {
		if n > 0 {
			l.add(unhex(t, inputs[n-1]))
		}
		if got := l.Root(); hex.EncodeToString(got[:]) != want || l.Head() != (merkle.Head{Size: int64(n), Root: got}) {
			t.Errorf("the root of %d leaves is %x, want %s", n, got, want)
		}
	}
	inclusion, err := tlog.ProveRecord(8, 5, merkle.Rows(l.row))
	if err != nil {
		t.Fatal(err)
	}
	consistency, err := tlog.ProveTree(8, 6, merkle.Rows(l.row))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		got  []tlog.Hash
		want []string
	}{
		"inclusion of 5 in 8": {inclusion, []string{
			"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
			"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		}},
		"consistency of 6 with 8": {consistency, []string{
			"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
			"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		}},
	} {
		var got []string
		for _, h := range c.got {
			got = append(got, hex.EncodeToString(h[:]))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

// half is the largest power of two below n, where the RFC splits a tree.
func half(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// mth is MTH(D[n]) to the letter (RFC 6962 §2.1).
func mth(d [][]byte) tlog.Hash {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, d[0]...))
	}
	k := half(len(d))
	left, right := mth(d[:k]), mth(d[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// path is PATH(m, D[n]) (RFC 6962 §2.1.1).
func path(m int, d [][]byte) []tlog.Hash {
	if len(d) == 1 {
		return nil
	}
	if k := half(len(d)); m < k {
		return append(path(m, d[:k]), mth(d[k:]))
	} else {
		return append(path(m-k, d[k:]), mth(d[:k]))
	}
}

// subproof is SUBPROOF(m, D[n], b) (RFC 6962 §2.1.2).
func subproof(m int, d [][]byte, whole bool) []tlog.Hash {
	if m == len(d) {
		if whole {
			return nil
		}
		return []tlog.Hash{mth(d)}
	}
	if k := half(len(d)); m <= k {
		return append(subproof(m, d[:k], whole), mth(d[k:]))
	} else {
		return append(subproof(m-k, d[k:], false), mth(d[:k]))
	}
}

// drawn is a log of random leaves.
func drawn(rt *rapid.T) *logged {
	l := &logged{}
	for _, leaf := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 3), 1, 70).Draw(rt, "leaves") {
		l.add(leaf)
	}
	return l
}

// What rows of a log prove is what the RFC says, for any tree, leaf and size; the edge read from them is the one that made
// them.
func TestProofsAreTheRFCs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawn(rt)
		size := rapid.IntRange(1, len(l.leaves)).Draw(rt, "size")
		m := rapid.IntRange(0, size-1).Draw(rt, "leaf")
		tree := l.leaves[:size]
		edge, err := merkle.LoadEdge(l.row, int64(size))
		if err != nil || edge.Root() != mth(tree) {
			rt.Fatalf("the edge of %d leaves: root %v, want %v, %v", size, edge.Root(), mth(tree), err)
		}
		inclusion, err := tlog.ProveRecord(int64(size), int64(m), merkle.Rows(l.row))
		if d := cmp.Diff(path(m, tree), []tlog.Hash(inclusion)); err != nil || len(path(m, tree)) != len(inclusion) || size > 1 && d != "" {
			rt.Fatalf("leaf %d of %d, %v:\n%s", m, size, err, d)
		}
		consistency, err := tlog.ProveTree(int64(size), int64(m+1), merkle.Rows(l.row))
		want := subproof(m+1, tree, true)
		if err != nil || !slices.Equal(want, []tlog.Hash(consistency)) {
			rt.Fatalf("%d in %d, %v: %v, want %v", m+1, size, err, consistency, want)
		}
	})
}

// A proof holds for what it was made for alone: with one bit of it turned, a hash more or less, or about another leaf, size or
// root, it is refused.
func TestProofsTampered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawn(rt)
		size := int64(len(l.leaves))
		m := rapid.Int64Range(0, size-1).Draw(rt, "leaf")
		leaf, root, old := tlog.RecordHash(l.leaves[m]), mth(l.leaves), mth(l.leaves[:m+1])
		inclusion, err := tlog.ProveRecord(size, m, merkle.Rows(l.row))
		if err != nil || tlog.CheckRecord(inclusion, size, root, m, leaf) != nil {
			rt.Fatalf("leaf %d of %d has no proof: %v", m, size, err)
		}
		consistency, err := tlog.ProveTree(size, m+1, merkle.Rows(l.row))
		if err != nil || tlog.CheckTree(consistency, size, root, m+1, old) != nil {
			rt.Fatalf("%d in %d has no proof: %v", m+1, size, err)
		}
		bit := rapid.IntRange(0, tlog.HashSize*8-1).Draw(rt, "bit")
		turned := func(h tlog.Hash) tlog.Hash { h[bit/8] ^= 1 << (bit % 8); return h }
		for name, err := range map[string]error{
			"another leaf":      tlog.CheckRecord(inclusion, size, root, m, turned(leaf)),
			"another root":      tlog.CheckRecord(inclusion, size, turned(root), m, leaf),
			"a hash more":       tlog.CheckRecord(append(slices.Clone(inclusion), leaf), size, root, m, leaf),
			"another old root":  tlog.CheckTree(consistency, size, root, m+1, turned(old)),
			"another new root":  tlog.CheckTree(consistency, size, turned(root), m+1, old),
			"a step more":       tlog.CheckTree(append(slices.Clone(consistency), old), size, root, m+1, old),
			"a place elsewhere": tlog.CheckRecord(inclusion, size, root, size, leaf),
		} {
			if err == nil {
				rt.Errorf("leaf %d of %d is proved with %s", m, size, name)
			}
		}
		for k := range inclusion {
			bad := slices.Clone(inclusion)
			bad[k] = turned(bad[k])
			if tlog.CheckRecord(bad, size, root, m, leaf) == nil || tlog.CheckRecord(slices.Delete(bad, k, k+1), size, root, m, leaf) == nil {
				rt.Errorf("leaf %d of %d is proved with hash %d turned or left out", m, size, k)
			}
		}
		for k := range consistency {
			bad := slices.Clone(consistency)
			bad[k] = turned(bad[k])
			if tlog.CheckTree(bad, size, root, m+1, old) == nil || tlog.CheckTree(slices.Delete(bad, k, k+1), size, root, m+1, old) == nil {
				rt.Errorf("%d in %d is proved with hash %d turned or left out", m+1, size, k)
			}
		}
	})
}

// A row is what tlog stores for its leaf, so that what reads tlog's numbering reads these logs.
func TestRowsAreTlogs(t *testing.T) {
	t.Parallel()
	var l logged
	for n := range int64(300) {
		leaf := []byte{byte(n), byte(n >> 8)}
		want, err := tlog.StoredHashesForRecordHash(n, tlog.RecordHash(leaf), merkle.Rows(l.row))
		if err != nil {
			t.Fatal(err)
		}
		l.add(leaf)
		if got, err := merkle.ToHashes(slices.Collect(slices.Chunk(l.row(n), tlog.HashSize))); err != nil || !slices.Equal(got, want) {
			t.Fatalf("leaf %d stores %v, tlog %v, %v", n, got, want, err)
		}
	}
}

// A row that is gone, or cut, is said to be missing; nothing is made up in its place.
func TestRowsMissing(t *testing.T) {
	t.Parallel()
	var l logged
	for n := range byte(8) {
		l.add([]byte{n})
	}
	for cut := range len(l.rows[7]) / tlog.HashSize {
		whole := l.rows[7]
		l.rows[7] = whole[:cut*tlog.HashSize]
		if _, err := merkle.LoadEdge(l.row, 8); !errors.Is(err, merkle.ErrMissing) {
			t.Errorf("the edge over a row of %d hashes: %v", cut, err)
		}
		l.rows[7] = whole
	}
	if _, err := tlog.ProveRecord(9, 0, merkle.Rows(l.row)); !errors.Is(err, merkle.ErrMissing) {
		t.Errorf("a proof needs a leaf that is not there: %v", err)
	}
	if edge, err := merkle.LoadEdge(l.row, 0); err != nil || edge.Head() != (&merkle.Edge{}).Head() {
		t.Errorf("the edge of the empty log: %+v, %v", edge, err)
	}
}

// A clone goes its own way.
func TestClone(t *testing.T) {
	t.Parallel()
	var l logged
	for n := range byte(5) {
		l.add([]byte{n})
	}
	before := l.Head()
	other := l.Clone()
	for n := range byte(9) {
		other.Add(tlog.RecordHash([]byte{n, n}), nil)
	}
	if l.Head() != before {
		t.Error("adding to a clone changed what it was cloned from")
	}
}

// Hashes survive their form in JSON; bytes that are no hash are refused.
func TestHashesAsBytes(t *testing.T) {
	t.Parallel()
	all := []tlog.Hash{tlog.RecordHash(nil), tlog.NodeHash(tlog.Hash{1}, tlog.Hash{2})}
	written := merkle.FromHashes(all)
	if read, err := merkle.ToHashes(written); err != nil || !slices.Equal(read, all) {
		t.Errorf("%v, %v", read, err)
	}
	written[0][0]++
	if all[0] != tlog.RecordHash(nil) {
		t.Error("the bytes are those of the hashes themselves")
	}
	for _, bad := range [][]byte{nil, make([]byte, tlog.HashSize-1), make([]byte, tlog.HashSize+1)} {
		if _, err := merkle.ToHashes([][]byte{bad}); err == nil {
			t.Errorf("%d bytes are a hash", len(bad))
		}
	}
}
