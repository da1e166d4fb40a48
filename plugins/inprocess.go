package plugins

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Uncaged is a conversation with handlers of this very process, for the tests of those who write plugins: the same limits,
// aliases and judge as around a process, and no cage. It runs nothing that came from elsewhere.
type Uncaged struct {
	Gate    Gate
	Base    string
	App     App
	Connect func(context.Context) (net.Conn, error) // to a gRPC server of the plugin
	Now     func() time.Time
}

// Invoke is one invocation; its errors are those of [Host.Invoke].
func (u *Uncaged) Invoke(ctx context.Context, i Invocation) (*Outcome, error) {
	begun := time.Now()
	h := &Host{Options: Options{
		Gate: u.Gate, Base: u.Base, Now: u.Now,
		Apps: func(context.Context, string) (*App, error) { return &u.App, nil },
	}}
	if h.Now == nil {
		h.Now = time.Now
	}
	hook, ok := u.App.hook(i.Hook)
	if !ok || i.Grant == nil || i.Grant.Patient == "" {
		return nil, &Failure{App: u.App.ID, Kind: ErrUnknown, Detail: "no such hook, or nobody that it is about"}
	}
	p := &process{connect: u.Connect, level: "none"}
	streaming, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.cancel = cancel
	conn, err := grpc.NewClient("passthrough:///plugin", append(p.options(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := p.hello(streaming, conn); err != nil {
		return nil, &Failure{App: u.App.ID, Kind: ErrStart, Detail: errors.Join(errNoHello, err).Error()}
	}
	s := h.session(&u.App, hook, u.App.Limits.orUsual(), i)
	ctx, stop := context.WithDeadlineCause(ctx, s.handle.until, errTooLong)
	defer stop()
	out, err := s.heard(ctx, p)
	if err != nil {
		return nil, err
	}
	out.Took = time.Since(begun)
	return out, nil
}
