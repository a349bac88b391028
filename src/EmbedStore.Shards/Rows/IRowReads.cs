using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>What a batch of reads needs of a session. A struct implements it, so that the loop over the rows is compiled for it.</summary>
internal interface IRowReads
{
    /// <summary>Issues one read; what it finds goes through the session's functions.</summary>
    Status Read(long rowId, int slot);

    /// <summary>Lets FASTER move its epoch on; with <paramref name="complete"/>, waits for every read that is on its way.</summary>
    void Rest(bool complete);
}
