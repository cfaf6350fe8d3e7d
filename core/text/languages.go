package text

import (
	"nigh/core/text/snowball"
	"nigh/core/text/snowball/english"
)

// languages holds what the analyzers of each language differ in. To add one: copy its stemmer (core/text/snowball), add
// a stop list of folded words, a table of words with their terms to the tests, and what it costs to doc.go.
var languages = []struct {
	name        string // BCP 47 primary subtag
	stem        func(*snowball.Env) bool
	stop        string
	apostrophes bool
}{
	{"en", english.Stem, stopEnglish, true},
}

// stopEnglish are words that say nothing of what a text is about: the English stop list of the Snowball project, and
// can, just, now and will, which PostgreSQL's english.stop adds to it.
const stopEnglish = `
i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its
itself they them their theirs themselves what which who whom this that these those am is are was were be been being
have has had having do does did doing would should could ought
i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd
i'll you'll he'll she'll we'll they'll isn't aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't
won't wouldn't shan't shouldn't can't cannot couldn't mustn't let's that's who's what's here's there's when's where's
why's how's
a an the and but if or because as until while of at by for with about against between into through during before after
above below to from up down in out on off over under again further then once here there when where why how all any both
each few more most other some such no nor not only own same so than too very can will just now
`
