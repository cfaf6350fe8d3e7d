package text_test

import (
	"testing"

	"nigh/core/text"
)

// description is like the long descriptions of packages that catalogs of software hold.
const description = `GIMP is an advanced picture editor. You can use it to edit, enhance, and retouch photos and scans, create drawings, and make your own images. It has a large collection of professional-level editing tools and filters, similar to the ones you might find in Photoshop. Numerous fine-control settings and features like layers, paths, masks, and scripting give you total control over your images.
 Many image file formats are supported, including JPEG, Photoshop (.psd), and Paint Shop Pro (.psp) files. It can also be used to scan and print photos.
 To open files remotely (like over HTTP), install the gvfs-backends package. To use a MIDI device (like a musical keyboard) as an input controller in GIMP, install libasound2 and read the how-to at /usr/share/doc/gimp/README.MIDI
`

func BenchmarkTerms(b *testing.B) {
	a := text.NewAnalyzer("en")
	b.SetBytes(int64(len(description)))
	b.ReportAllocs()
	for b.Loop() {
		a.Terms(description)
	}
}

func BenchmarkFold(b *testing.B) {
	for _, c := range []struct{ name, s string }{
		{"folded", text.Fold(description)},
		{"english", description},
		{"french", "Où est passé l'été ? À l'École, près de la forêt, un garçon naïf a mangé des œufs brouillés. "},
		{"russian", "Съешь же ещё этих мягких французских булок, да выпей чаю. "},
		{"japanese", "いろはにほへと ちりぬるを わかよたれそ つねならむ 東京タワー"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.s)))
			b.ReportAllocs()
			for b.Loop() {
				text.Fold(c.s)
			}
		})
	}
}

func BenchmarkNewAnalyzer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		text.NewAnalyzer("en")
	}
}
