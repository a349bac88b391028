using System.Buffers.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Rows that lines of text name, by id or by key, as the table has them.</summary>
internal sealed class RowNames(Table table)
{
    private readonly List<long> _ids = [];
    private readonly RowKeysBuilder _keys = new();

    /// <summary>Number of rows.</summary>
    public int Count => table.Shape.HasKeys ? _keys.Count : _ids.Count;

    /// <summary>What is wrong with a word that names none.</summary>
    public string Rule => table.Shape.HasKeys ? $"has a key that is none: {RowKeys.Rule}" : "has a key that is no integer, and the table's row ids are";

    /// <param name="word">The name.</param>
    /// <param name="line">Where it stands, counted from 0.</param>
    /// <returns>False when the word names no row of any such table.</returns>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.IndexOutOfRange"/>: it is the id of a row that this table does not have.</exception>
    public bool TryAdd(ReadOnlySpan<byte> word, long line)
    {
        if (table.Shape.HasKeys)
        {
            bool isKey = RowKeys.IsKey(word);
            if (isKey)
            {
                _keys.Add(word);
            }

            return isKey;
        }

        if (!Utf8Parser.TryParse(word, out long id, out int used) || used != word.Length)
        {
            return false;
        }

        _ids.Add(table.Shape.IsOpen || (id >= 0 && id < table.Shape.RowCount) ? id : throw IndexErrors.OutOfRange(null, [line], 0, id, table.Shape.RowCount));
        return true;
    }

    /// <summary>The rows so far; none is left.</summary>
    public RowList Take()
    {
        RowList rows = table.Shape.HasKeys ? RowList.Of(_keys.Take()) : new RowList(_ids.ToArray(), null);
        _ids.Clear();
        return rows;
    }
}
