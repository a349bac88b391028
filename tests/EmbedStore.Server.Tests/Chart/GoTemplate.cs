using System.Text;
using System.Text.RegularExpressions;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>The part of Go's templates, as Helm extends them, that the chart uses. What it does not know is a fault, and so is a value that does not exist.</summary>
internal sealed partial class GoTemplate
{
    private readonly Dictionary<string, List<Node>> _defined = [];

    /// <summary>Reads the templates that a file defines, and what it writes itself.</summary>
    public List<Node> Add(string text)
    {
        var tokens = new Queue<Token>(Tokens(text));
        List<Node> nodes = Nodes(tokens, out Token? end);
        return end is null ? nodes : throw new InvalidDataException($"'{end.Text}' ends nothing.");
    }

    /// <summary>What a file writes.</summary>
    /// <param name="nodes">From <see cref="Add"/>.</param>
    /// <param name="dot">The value of <c>.</c>, and of <c>$</c>.</param>
    public string Render(List<Node> nodes, object? dot)
    {
        var output = new StringBuilder();
        Write(nodes, new GoScope(dot, new Map(new Dictionary<string, object?> { ["$"] = dot }), Include), output);
        return output.ToString();
    }

    private string Include(string name, object? dot) =>
        Render(_defined.TryGetValue(name, out List<Node>? nodes) ? nodes : throw new InvalidDataException($"No template defines '{name}'."), dot);

    private static void Write(List<Node> nodes, GoScope scope, StringBuilder output)
    {
        foreach (Node node in nodes)
        {
            object? value = node.Pipeline is null ? null : scope.Evaluate(node.Pipeline);
            switch (node.Kind)
            {
                case "text":
                    output.Append(node.Text);
                    break;
                case "output":
                    output.Append(GoScope.Print(value));
                    break;
                case "if":
                    Write(GoScope.IsTrue(value) ? node.Then : node.Else, scope, output);
                    break;
                case "with":
                    Write(GoScope.IsTrue(value) ? node.Then : node.Else, GoScope.IsTrue(value) ? scope with { Dot = value } : scope, output);
                    break;
                case "range":
                    Repeat(node, (Map)value!, scope, output);
                    break;
                default:
                    throw new InvalidDataException($"'{node.Kind}' is not known.");
            }
        }
    }

    private static void Repeat(Node node, Map map, GoScope scope, StringBuilder output)
    {
        foreach ((string name, object? value) in map.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            Map variables = scope.Variables.With(new Map(new Dictionary<string, object?> { [node.Key!] = name, [node.Value!] = value }));
            Write(node.Then, scope with { Dot = value, Variables = variables }, output);
        }
    }

    private List<Node> Nodes(Queue<Token> tokens, out Token? end)
    {
        var nodes = new List<Node>();
        while (tokens.TryDequeue(out end))
        {
            string word = end.IsAction ? end.Text.Split(' ')[0] : "";
            if (word is "end" or "else")
            {
                return nodes;
            }

            string rest = end.Text[word.Length..].Trim();
            switch (word)
            {
                case "":
                    nodes.Add(new Node("text", Text: end.Text));
                    break;
                case "define":
                    _defined.Add(rest.Trim('"'), Body(tokens).Then);
                    break;
                case "range" when RangeOf().Match(rest) is { Success: true } range:
                    nodes.Add(Body(tokens) with { Kind = word, Key = range.Groups[1].Value, Value = range.Groups[2].Value, Pipeline = range.Groups[3].Value });
                    break;
                case "if" or "with":
                    nodes.Add(Body(tokens) with { Kind = word, Pipeline = rest });
                    break;
                default:
                    nodes.Add(new Node("output", Pipeline: end.Text));
                    break;
            }
        }

        return nodes;
    }

    private Node Body(Queue<Token> tokens)
    {
        var node = new Node("") { Then = Nodes(tokens, out Token? end) };
        if (end?.Text == "else")
        {
            node = node with { Else = Nodes(tokens, out end) };
        }

        return end?.Text == "end" ? node : throw new InvalidDataException($"An 'end' is missing; there is '{end?.Text}'.");
    }

    private static IEnumerable<Token> Tokens(string text)
    {
        int position = 0;
        bool trim = false;
        foreach (Match action in Action().Matches(text))
        {
            string before = text[position..action.Index];
            before = trim ? before.TrimStart() : before;
            yield return new Token(false, action.Groups[1].Length > 0 ? before.TrimEnd() : before);
            if (!action.Groups[2].Value.StartsWith("/*", StringComparison.Ordinal))
            {
                yield return new Token(true, action.Groups[2].Value);
            }

            trim = action.Groups[3].Length > 0;
            position = action.Index + action.Length;
        }

        yield return new Token(false, trim ? text[position..].TrimStart() : text[position..]);
    }

    [GeneratedRegex(@"\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}", RegexOptions.Singleline)]
    private static partial Regex Action();

    [GeneratedRegex(@"^(\$\w+), (\$\w+) := (.*)$")]
    private static partial Regex RangeOf();

    /// <summary>A piece of a template.</summary>
    internal sealed record Node(string Kind, string? Text = null, string? Pipeline = null, string? Key = null, string? Value = null)
    {
        public List<Node> Then { get; init; } = [];

        public List<Node> Else { get; init; } = [];
    }

    private sealed record Token(bool IsAction, string Text);
}
