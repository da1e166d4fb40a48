package plugins

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// greetPatience is how long a process that is tried may take to say hello: no one waits for it, and the machine may be busy.
const greetPatience = 20 * time.Second

// Greet starts one process of an image in the cage, within its limits, waits for its hello and ends it: it is asked nothing.
// The report is what the cage applied. A *Failure says why it did not come up.
func Greet(ctx context.Context, w *cage.Warden, image *cage.Image, limits Limits, need cage.Level) (cage.Report, error) {
	limits = limits.orUsual()
	r, err := w.Runner(image, cage.Limits{Memory: limits.Memory, CPU: limits.CPU}, need, environment)
	if err != nil {
		return cage.Report{}, &Failure{Kind: ErrLevel, Detail: err.Error()}
	}
	p, f := launch(ctx, r, usualBounds(), greetPatience, func() {})
	if f != nil {
		return cage.Report{}, f
	}
	report := r.Report()
	p.end()
	return report, nil
}
