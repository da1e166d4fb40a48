package label

import "fmt"

// PeekOrder reads an order without checking who signed it: to show it, or to sign it too.
func PeekOrder(envelope []byte) (*Order, error) {
	e, body, err := parseEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	if e.PayloadType != orderType {
		return nil, fmt.Errorf("%w: %.60q instead of %q", ErrPayloadType, e.PayloadType, orderType)
	}
	o := new(Order)
	if err := decode(body, o); err != nil {
		return nil, err
	}
	return o, o.check()
}

// Peek reads a label's envelope without checking who signed it: to show it, or to sign it too.
func Peek(envelope []byte) (*Label, error) {
	s, err := peekStatement(envelope)
	if err != nil {
		return nil, err
	}
	return labelOf(s), nil
}

func peekStatement(envelope []byte) (*statement[Predicate], error) {
	e, body, err := parseEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	if e.PayloadType != payloadType {
		return nil, fmt.Errorf("%w: %.60q instead of %q", ErrPayloadType, e.PayloadType, payloadType)
	}
	s, err := readStatement[Predicate](body, labelType)
	if err != nil {
		return nil, err
	}
	return s, s.Predicate.check()
}

func (b Bundle) statement() (*statement[Predicate], error) { return peekStatement(b.Label) }

func (b Bundle) peek() (*Label, error) { return Peek(b.Label) }
