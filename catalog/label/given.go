package label

import "context"

// Given is the entry that gave a version of an app its newest label, with what its publisher signed; ErrNotFound when the log
// has none.
func (l *Log) Given(ctx context.Context, app, version string) (Entry, error) {
	var newest *standing
	for _, one := range l.now.Load().labels {
		if one.App == app && one.Version == version && (newest == nil || one.Sequence > newest.Sequence) {
			newest = one
		}
	}
	if newest == nil {
		return Entry{}, ErrNotFound
	}
	e, _, err := l.Get(ctx, newest.entry)
	return e, err
}
