package vendor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/catalog/uploads"
)

// TestBinary: a publisher sends the binary that its manifest names, and nothing else; who may not, or sends without the page's token,
// leaves nothing.
func TestBinary(t *testing.T) {
	t.Parallel()
	shelf := &uploads.Shelf{Folder: filepath.Join(t.TempDir(), "uploads")}
	w := newWorld(t, func(o *Options) { o.Shelf = shelf })
	shelf.DB, shelf.Apps = w.DB, w.apps
	b, eve := w.arrive("ada@courbes.example", "Courbes SAS"), w.arrive("eve@autre.example", "Autre SAS")
	w.begin(b, presetPlugin, "mes-rappels").Says("linux/amd64", "to be sent")
	binary := bytes.Repeat([]byte{0x7f, 'E', 'L', 'F', 0}, 100_000)
	sum := sha256.Sum256(binary)
	draft, err := w.apps.Draft(t.Context(), "mes-rappels")
	if err != nil {
		t.Fatal(err)
	}
	written := strings.NewReplacer(strings.Repeat("0", 64), hex.EncodeToString(sum[:]), `"size": 1`, fmt.Sprintf(`"size": %d`, len(binary))).Replace(string(draft.Manifest))
	const path = "/vendor/apps/mes-rappels"
	b.Get(path+"/manifest").Upload("button[value=save]", "manifest", written).Is(http.StatusOK)

	const control = "input[name=binary]"
	b.Upload(path, control, binary[1:]).Is(http.StatusUnprocessableEntity).Says("The file has not the size or the digest")
	b.Upload(path, control, append([]byte("x"), binary[1:]...)).Is(http.StatusUnprocessableEntity).Says("The file has not the size or the digest")
	b.Upload(path, control, binary, "sha256", strings.Repeat("0", 64)).Is(http.StatusUnprocessableEntity).Says("The manifest does not name this binary")
	b.Upload(path, control, binary, "csrf", "of another page").Is(http.StatusForbidden)
	b.Upload(path, control, nil).Is(http.StatusBadRequest)
	b.Upload(path, control, binary, "sha256", strings.Repeat("0", 5000)).Is(http.StatusBadRequest)
	b.Send(http.MethodPost, path+"/binary", url.Values{"csrf": {"x"}}).Is(http.StatusBadRequest)
	b.Get(path + "/binary").Is(http.StatusMethodNotAllowed)
	eve.Send(http.MethodPost, path+"/binary", url.Values{"csrf": {"x"}}).Is(http.StatusNotFound)
	w.SignIn("camille", "/oauth2/apps").Send(http.MethodPost, path+"/binary", url.Values{"csrf": {"x"}}).Is(http.StatusNotFound)
	if left, _ := os.ReadDir(shelf.Folder); len(left) != 0 {
		t.Fatalf("there is %v", left)
	}
	b.Upload(path, control, binary).Is(http.StatusOK).Says("received").Silent(`name="binary"`)
	if got, err := os.ReadFile(filepath.Join(shelf.Folder, hex.EncodeToString(sum[:]))); err != nil || !bytes.Equal(got, binary) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
}
