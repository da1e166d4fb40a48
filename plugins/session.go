package plugins

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// extraFrames is what a plugin may send besides its reads: the answer, and some reads beyond its limit, which are told so.
const extraFrames = 8

// session is one invocation while it lasts.
type session struct {
	host   *Host
	app    *App
	hook   Hook
	limits Limits
	of     Invocation
	handle *handle
}

// converse speaks with a process until it has answered. Its error is a [*Failure], or that of a context that ended.
func (s *session) converse(ctx context.Context, p *process) (*wire.Answer, error) {
	defer context.AfterFunc(ctx, p.cancel)()
	p.begin(s.limits)
	begin, err := s.begin(ctx)
	if err != nil {
		return nil, s.why(ctx, p, err)
	}
	if err := p.stream.Send(&wire.FromHost{Frame: &wire.FromHost_Begin{Begin: begin}}); err != nil {
		return nil, s.why(ctx, p, err)
	}
	for frames := s.limits.Reads + extraFrames; frames > 0; frames-- {
		frame, err := p.stream.Recv()
		if err != nil {
			return nil, s.why(ctx, p, err)
		}
		switch f := frame.GetFrame().(type) {
		case *wire.FromPlugin_Answer:
			return f.Answer, nil
		case *wire.FromPlugin_Read:
			result, err := s.handle.read(ctx, f.Read)
			if err == nil {
				err = p.stream.Send(&wire.FromHost{Frame: &wire.FromHost_Result{Result: result}})
			}
			if err != nil {
				return nil, s.why(ctx, p, err)
			}
		default:
			return nil, s.misbehaved("a message that is neither a read nor an answer")
		}
	}
	return nil, s.misbehaved("too many reads beyond the limit")
}

func (s *session) misbehaved(detail string) *Failure {
	return &Failure{App: s.app.ID, Kind: ErrMisbehaved, Detail: detail, evidence: TripProtocol}
}

// begin is what the plugin is told first.
func (s *session) begin(ctx context.Context) (*wire.Begin, error) {
	about, err := s.handle.names.disguiseContext(s.of.Context)
	if err != nil {
		return nil, &Failure{App: s.app.ID, Kind: ErrRequest, Detail: err.Error()}
	}
	prefetched, err := s.handle.prefetch(ctx, s.hook, s.of.Prefetch)
	if err != nil {
		return nil, err
	}
	language := s.of.Language
	if language != "en" {
		language = "fr"
	}
	left := time.Until(s.handle.until)
	return &wire.Begin{
		Id: s.hook.ID, Hook: s.hook.Kind, Language: language, Now: s.host.Now().UTC().Format(time.RFC3339),
		Context: about, Prefetch: prefetched,
		Limits: &wire.Limits{
			Reads: uint32(s.handle.reads), Bytes: uint64(max(0, s.handle.bytes)), Milliseconds: uint32(max(0, left.Milliseconds())), AnswerBytes: maxAnswer,
		},
	}, nil
}

// why says what ended a conversation. Nothing that the plugin chose to say is in it: its vendor reads it.
func (s *session) why(ctx context.Context, p *process, err error) error {
	var failure *Failure
	if errors.As(context.Cause(ctx), &failure) || errors.As(err, &failure) {
		return failure
	}
	if errors.Is(context.Cause(ctx), errTooLong) {
		return &Failure{App: s.app.ID, Kind: ErrDeadline, Detail: "no answer within " + s.limits.Deadline.String()}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.flooded() {
		return s.misbehaved("it sent more bytes than all its reads and an answer need")
	}
	switch code := status.Code(err); {
	case code == codes.ResourceExhausted:
		return s.misbehaved("a message larger than an answer may be")
	case code == codes.Internal:
		return s.misbehaved("a message that cannot be read, or broken HTTP/2")
	case code == codes.Unimplemented:
		return &Failure{App: s.app.ID, Kind: ErrCrashed, Detail: "it does not serve the service of the protocol"}
	case errors.Is(err, io.EOF):
		return &Failure{App: s.app.ID, Kind: ErrCrashed, Detail: "it ended the stream without an answer"}
	case code == codes.Unavailable || code == codes.Canceled:
		return &Failure{App: s.app.ID, Kind: ErrCrashed, Detail: "the process ended, or closed its connection"}
	}
	return &Failure{App: s.app.ID, Kind: ErrCrashed, Detail: "its handler returned an error"}
}

// errTooLong is the cause of a context that ended at the deadline of the invocation.
var errTooLong = errors.New("the invocation took too long")
