namespace EmbedStore.Server.Quickstart;

/// <summary>One step of the quickstart. It returns when all that it claims was compared and held.</summary>
internal interface IStep
{
    string Title { get; }

    /// <exception cref="CheckFailedException">A comparison did not hold.</exception>
    Task RunAsync(Stage stage);
}
