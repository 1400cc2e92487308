namespace PtaKernels.Tests.Alignment;

/// <summary>A tokenizer over ASCII letters for <see cref="LabelChainTests"/>: ids 0, 1, 2 are special (begin, end, other), then the given tokens.</summary>
internal sealed class ChainModel
{
    public const int Bos = 0, Eos = 1, Other = 2, FirstText = 3;

    private readonly string[] _texts;

    public ChainModel(string name, bool dummyPrefix, params string[] tokens)
    {
        _texts = ["", "", "", .. tokens];
        AddsSpace = dummyPrefix;
        string[] strings = ["<s>", "</s>", "<x>", .. tokens.Select(t => t.Replace(' ', '▁'))];
        TokenRoles[] roles = [TokenRoles.Special | TokenRoles.Bos, TokenRoles.Special | TokenRoles.Eos, TokenRoles.Special, .. tokens.Select(_ => TokenRoles.None)];
        Vocabulary = new TokenVocabulary(name, "▁", false, dummyPrefix, strings, [.. _texts.Select(System.Text.Encoding.ASCII.GetBytes)], roles);
    }

    public TokenVocabulary Vocabulary { get; }

    public bool AddsSpace { get; }

    public int Count => _texts.Length;

    public string TextOf(int id) => _texts[id];

    public int IdOf(string text) => Array.IndexOf(_texts, text, FirstText);

    /// <summary>What each token of a document adds to its text: nothing for special tokens, no dummy prefix for the first that is text.</summary>
    public string[] Pieces(int[] ids)
    {
        string[] pieces = [.. ids.Select(TextOf)];
        int first = Array.FindIndex(ids, id => id >= FirstText);
        if (first >= 0 && AddsSpace && pieces[first].StartsWith(' '))
            pieces[first] = pieces[first][1..];
        return pieces;
    }

    /// <summary>A token's text as candidate for place <paramref name="at"/> of a document.</summary>
    public string? TextAt(int token, int[] ids, int at)
    {
        if (token < FirstText)
            return null;
        bool begins = ids[..at].All(id => id < FirstText);
        return begins && AddsSpace && TextOf(token).StartsWith(' ') ? TextOf(token)[1..] : TextOf(token);
    }
}

/// <summary>The rule of switch <c>label-mass chain</c> over strings, one row at a time.</summary>
internal sealed class LabelChainOracle(ChainModel giver, DraftDocument source, ChainModel taker, DraftDocument target)
{
    public sealed record Expected(Dictionary<int, double> Masses, double Missing, double Probability, bool Straddles, int Tokens, bool HasRelatives, bool ScalesOthers);

    /// <summary>The row as it must become, or null where it stays.</summary>
    public Expected? RowAfter(int i, int sourceRow, Dictionary<int, double> before, int keep, int window)
    {
        int label = target.Ids[i + 1];
        string y = taker.Pieces(target.Ids)[i + 1];
        if (label < ChainModel.FirstText || y.Length == 0 || !Follow(sourceRow + 1, y, window, out double p, out bool straddles, out int tokens))
            return null;
        p = Math.Min(1, p);
        string came = giver.Pieces(source.Ids)[sourceRow + 1];
        int[] relatives = came.Length < y.Length ? [.. before.Keys.Where(t => t != label && taker.TextAt(t, target.Ids, i + 1)?.StartsWith(came, StringComparison.Ordinal) == true)] : [];
        int[] others = [.. before.Keys.Except(relatives).Where(t => t != label)];
        double hadRelatives = relatives.Sum(t => before[t]), had = hadRelatives + before.GetValueOrDefault(label), hadOthers = others.Sum(t => before[t]);
        var after = new Dictionary<int, double> { [label] = p };
        foreach (int t in relatives)
            after[t] = before[t] / hadRelatives * (Math.Max(had, p) - p);
        double room = 1 - after.Values.Sum();
        foreach (int t in others)
            after[t] = hadOthers > room ? before[t] / hadOthers * room : before[t];
        Dictionary<int, double> kept = after.Where(m => m.Value > 0).OrderByDescending(m => m.Value).ThenBy(m => m.Key).Take(keep).ToDictionary();
        return new Expected(kept, 1 - kept.Values.Sum(), p, straddles, tokens, relatives.Length > 0, hadOthers > room);
    }

    /// <summary>The probability that what the source gives from token t on begins with some text, the tokens that came given.</summary>
    private bool Follow(int t, string rest, int window, out double p, out bool straddles, out int tokens)
    {
        (p, straddles, tokens) = (1, false, 0);
        if (rest.Length == 0)
            return true;
        if (t >= source.Ids.Length || source.Ids[t] < ChainModel.FirstText)
            return false;
        string piece = giver.Pieces(source.Ids)[t];
        if (rest.StartsWith(piece, StringComparison.Ordinal))
        {
            bool known = Follow(t + 1, rest[piece.Length..], window, out double after, out straddles, out tokens);
            tokens++;
            p = Math.Exp(-source.LabelCrossEntropy![t - 1]) * after;
            return known;
        }

        if (!piece.StartsWith(rest, StringComparison.Ordinal))
            return false;
        int used = window == 0 ? source.Candidates[t - 1].Length : window;
        (int Token, double Mass)[] fitting = [.. source.Candidates[t - 1].Zip(source.Logits[t - 1], (token, logit) => (token, Math.Exp(logit - source.LogSumExp![t - 1])))
            .Take(used).Where(c => giver.TextAt(c.token, source.Ids, t)?.StartsWith(rest, StringComparison.Ordinal) == true)];
        bool labelIsThere = fitting.Any(c => c.Token == source.Ids[t]);
        (p, straddles, tokens) = (fitting.Sum(c => c.Mass) + (labelIsThere ? 0 : Math.Exp(-source.LabelCrossEntropy![t - 1])), true, 1);
        return true;
    }
}
