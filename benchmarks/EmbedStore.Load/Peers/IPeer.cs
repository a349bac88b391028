namespace EmbedStore.Load;

/// <summary>A store of rows that answers a batch of ids with their rows, called as its best client would call it: one caller, blocking.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>As the table of results calls it.</summary>
    string Name { get; }

    /// <summary>Reads the rows of a batch.</summary>
    /// <param name="batch">Ids that were loaded.</param>
    /// <param name="rows">Shape [ids, row bytes].</param>
    /// <exception cref="WrongAnswerException">The answer is none, or of another form.</exception>
    void Read(IdBatch batch, Memory<byte> rows);
}
