using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>All tokens of a text, grouped in every way that <c>pta why</c> asks about.</summary>
/// <param name="sources">Names of the student's teachers, by the index of a row's provenance.</param>
internal sealed class WhyGroups(IReadOnlyList<string> sources)
{
    private const string Untaught = "no teacher's row";

    /// <summary>Lower ends of the groups by a row's largest probability.</summary>
    private static readonly double[] Confidences = [0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95];

    private static readonly string[] RightOrWrong = ["fused right, target right", "fused right, target wrong", "fused wrong, target right", "fused wrong, target wrong", Untaught];

    private readonly SortedDictionary<(RowRule Rule, int Source), WhyGroup> _rules = [];
    private readonly SortedDictionary<string, WhyGroup> _domains = new(StringComparer.Ordinal);
    private readonly SortedDictionary<TokenKind, WhyGroup> _kinds = [];
    private readonly SortedDictionary<int, WhyGroup> _right = [];
    private readonly SortedDictionary<int, WhyGroup> _confidences = [];
    private readonly WhyGroup _all = new("all");
    private bool _controlled;
    private long _bytes;

    /// <summary>Documents so far.</summary>
    public int Documents { get; private set; }

    /// <summary>Adds a document.</summary>
    public void Add(WhyDocument document)
    {
        foreach (ref readonly WhyToken token in document.Tokens.AsSpan())
        {
            _controlled |= token.Control is not null;
            _bytes += token.Bytes;
            _all.Add(Documents, token);
            Group(_rules, (token.Row.Rule, token.Row.Source), static (key, groups) => groups.NameOf(key.Rule, key.Source)).Add(Documents, token);
            Group(_domains, document.Domain, static (domain, _) => domain).Add(Documents, token);
            Group(_kinds, token.Kind, static (kind, _) => TokenKinds.NameOf(kind)).Add(Documents, token);
            Group(_right, RightOf(token), static (index, _) => RightOrWrong[index]).Add(Documents, token);
            Group(_confidences, ConfidenceOf(token), static (index, _) => ConfidenceName(index)).Add(Documents, token);
        }

        Documents++;
    }

    /// <summary>The line of all tokens.</summary>
    public WhyLine All => _all.Line(_bytes, _controlled);

    /// <summary>The tables.</summary>
    public IReadOnlyList<WhyTable> Tables()
    {
        List<WhyTable> tables = [new("rule and source", LinesOf(_rules.Values))];
        if (_domains.Count > 1)
            tables.Add(new("domain", LinesOf(_domains.Values)));
        tables.Add(new("kind of token", LinesOf(_kinds.Values)));
        tables.Add(new("most probable token", LinesOf(_right.Values)));
        tables.Add(new("largest fused probability", LinesOf(_confidences.Values)));
        return tables;
    }

    /// <summary>Letter of a source in passages: a for the first.</summary>
    public static string LetterOf(int source) => source < 0 ? "" : source < 26 ? $"{(char)('a' + source)}" : source.ToString(CultureInfo.InvariantCulture);

    private string NameOf(RowRule rule, int source) => $"{RowProvenance.LetterOf(rule)}{(source < 0 ? "" : $" {sources[source]}")}";

    private WhyLine[] LinesOf(IEnumerable<WhyGroup> groups) => [.. groups.Select(g => g.Line(_bytes, _controlled))];

    private WhyGroup Group<TKey>(SortedDictionary<TKey, WhyGroup> groups, TKey key, Func<TKey, WhyGroups, string> name)
        where TKey : notnull
    {
        if (!groups.TryGetValue(key, out WhyGroup? group))
            groups.Add(key, group = new WhyGroup(name(key, this)));
        return group;
    }

    private static int RightOf(in WhyToken token) => token.Fused is not { } fused ? 4 : (fused.IsRight ? 0 : 2) + (token.TargetIsRight ? 0 : 1);

    private static int ConfidenceOf(in WhyToken token) => token.Fused is not { } fused ? Confidences.Length : Math.Max(0, Array.FindLastIndex(Confidences, low => fused.Largest >= low));

    private static string ConfidenceName(int index) => index == Confidences.Length ? Untaught
        : FormattableString.Invariant($"{Confidences[index]} to {(index + 1 < Confidences.Length ? Confidences[index + 1] : 1)}");
}
