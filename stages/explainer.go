package stages

// An Explainer is a stage of which a plan has more to say than what it costs.
type Explainer interface {
	// Explain returns lines for people.
	Explain() []string
}
