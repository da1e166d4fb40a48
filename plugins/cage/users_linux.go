//go:build amd64 || arm64

package cage

import (
	"errors"
	"sync"
)

// The ids that systemd sets aside for users that exist for the time of a service (systemd.io/UIDS-GIDS).
const (
	firstUser = 61184
	lastUser  = 65519
)

// users hands out ids, so that no two processes have the same at one time. Only a warden that is root has any to give.
type users struct {
	mu    sync.Mutex
	next  int
	taken map[int]bool
}

func (u *users) take() (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.taken == nil {
		u.taken = map[int]bool{}
	}
	for range lastUser - firstUser + 1 {
		id := firstUser + u.next%(lastUser-firstUser+1)
		u.next++
		if !u.taken[id] {
			u.taken[id] = true
			return id, nil
		}
	}
	return -1, errors.New("cage: no user id is left")
}

func (u *users) giveBack(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.taken, id)
}
