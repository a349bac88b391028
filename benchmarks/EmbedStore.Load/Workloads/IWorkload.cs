namespace EmbedStore.Load;

/// <summary>One question, its contenders, and the lines that answer it.</summary>
internal interface IWorkload
{
    /// <summary>As <c>--only</c> names it.</summary>
    string Name { get; }

    /// <summary>What is measured how, as the file of results says it.</summary>
    string Describe(LoadOptions options);

    /// <summary>Checks that all contenders answer the same, then measures them.</summary>
    /// <exception cref="WrongAnswerException">They do not.</exception>
    IReadOnlyList<Line> Run(Stage stage);
}
