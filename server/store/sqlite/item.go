package sqlite

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"nigh/core"
	"nigh/server/store"
)

// itemJSON is an item without what has a column of its own: the id, which may be any bytes and not only UTF-8, and
// the vector, which is four bytes a dimension as a blob and a dozen as text. The two fields hide the item's.
type itemJSON struct {
	store.Item
	ID     struct{} `json:"id,omitzero"`
	Vector struct{} `json:"vector,omitzero"`
}

// itemRow is a stored item as its row holds it.
type itemRow struct {
	num    core.ItemNum
	id     string
	item   string
	vector []byte // nil: none
}

func encodeItem(it store.StoredItem) (itemRow, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is data, "<" may be one byte
	if err := enc.Encode(itemJSON{Item: it.Item}); err != nil {
		return itemRow{}, fmt.Errorf("encode item %q: %w", it.ID, err)
	}
	row := itemRow{num: it.Num, id: it.ID, item: string(bytes.TrimSuffix(b.Bytes(), []byte{'\n'}))}
	for _, v := range it.Vector {
		row.vector = binary.LittleEndian.AppendUint32(row.vector, math.Float32bits(v))
	}
	return row, nil
}

func decodeItem(num int64, id string, item, vector []byte) (store.StoredItem, error) {
	var j itemJSON
	if err := json.Unmarshal(item, &j); err != nil {
		return store.StoredItem{}, fmt.Errorf("decode item %q: %w", id, err)
	}
	out := store.StoredItem{Item: j.Item, Num: core.ItemNum(num)}
	out.ID = id
	if len(vector)%4 != 0 {
		return store.StoredItem{}, fmt.Errorf("decode vector of item %q: %d bytes are no whole number of dimensions", id, len(vector))
	}
	for ; len(vector) > 0; vector = vector[4:] {
		out.Vector = append(out.Vector, math.Float32frombits(binary.LittleEndian.Uint32(vector)))
	}
	return out, nil
}
