namespace EmbedStore.Http;

/// <summary>A server or program refuses to start, for reasons that its user can remove.</summary>
/// <remarks>Programs print <see cref="Exception.Message"/> as it is and end with <see cref="ExitCode"/>; a stack trace would not help.</remarks>
public sealed class StartException : Exception
{
    /// <summary>Exit code of a program that refused to start. 1 is left for failures while it ran.</summary>
    public const int ExitCode = 2;

    /// <summary>Refuses for one or more reasons.</summary>
    /// <param name="reasons">At least one English sentence; the message has one line for each.</param>
    public StartException(params IReadOnlyCollection<string> reasons)
        : base(string.Join(Environment.NewLine, reasons))
    {
        Reasons = reasons;
    }

    /// <summary>What is wrong, one sentence each.</summary>
    public IReadOnlyCollection<string> Reasons { get; }
}
