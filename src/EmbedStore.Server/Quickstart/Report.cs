namespace EmbedStore.Server.Quickstart;

/// <summary>What the user sees: a title for each step, a line for each check that held.</summary>
internal sealed class Report
{
    private readonly bool _colors = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;
    private int _steps;

    public int Checks { get; private set; }

    public void Title(string text) => Console.WriteLine($"\n{Paint("1", $"{++_steps}. {text}")}");

    /// <summary>A line without a check.</summary>
    public static void Note(string text) => Console.WriteLine($"    {text}");

    /// <summary>A line for a check that held.</summary>
    /// <param name="code">What was done, in Python's words.</param>
    /// <param name="facts">Shapes, and what was compared.</param>
    public void Held(string code, string facts)
    {
        Checks++;
        Console.WriteLine($"  {Paint("32", "✓")} {code,-46} {facts}");
    }

    public void Failed(CheckFailedException failure) => Console.WriteLine($"""
          {Paint("31", "✗")} {failure.What}
              expected  {failure.Expected}
              actual    {failure.Actual}
        """);

    private string Paint(string color, string text) => _colors ? $"\u001b[{color}m{text}\u001b[0m" : text;
}
