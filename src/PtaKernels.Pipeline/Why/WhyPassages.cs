using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>The passages of a text that gained and lost most, one of each kind per document at most.</summary>
/// <param name="count">How many of each are kept.</param>
/// <param name="vocabulary">The target's.</param>
internal sealed class WhyPassages(int count, TokenVocabulary vocabulary)
{
    /// <summary>Tokens of a passage.</summary>
    public const int Length = 12;

    private const int LeadTokens = 12;

    private readonly List<WhyPassage> _helped = [];
    private readonly List<WhyPassage> _hurt = [];

    /// <summary>The best first.</summary>
    public IReadOnlyList<WhyPassage> Helped => _helped;

    /// <summary>The worst first.</summary>
    public IReadOnlyList<WhyPassage> Hurt => _hurt;

    /// <summary>Looks into a document; of equal passages the first counts.</summary>
    public void Add(WhyDocument document)
    {
        int length = Math.Min(Length, document.Tokens.Length);
        if (length == 0 || count == 0)
            return;
        double sum = document.Tokens.Take(length).Sum(static t => t.Difference), least = sum, most = sum;
        int best = 0, worst = 0;
        for (int first = 1; first + length <= document.Tokens.Length; first++)
        {
            sum += document.Tokens[first + length - 1].Difference - document.Tokens[first - 1].Difference;
            if (sum < least)
                (least, best) = (sum, first);
            if (sum > most)
                (most, worst) = (sum, first);
        }

        if (least < 0)
            Keep(_helped, least, document, best, length);
        if (most > 0)
            Keep(_hurt, most, document, worst, length);
    }

    private void Keep(List<WhyPassage> list, double bits, WhyDocument document, int first, int length)
    {
        int place = list.FindIndex(p => Math.Abs(bits) > Math.Abs(p.Bits));
        if (place < 0 && list.Count == count)
            return;
        list.Insert(place < 0 ? list.Count : place, PassageOf(bits, document, first, length));
        if (list.Count > count)
            list.RemoveAt(count);
    }

    private WhyPassage PassageOf(double bits, WhyDocument document, int first, int length)
    {
        ReadOnlySpan<WhyToken> tokens = document.Tokens.AsSpan(first, length);
        int lead = Math.Max(0, first - LeadTokens);
        return new WhyPassage(
            document.Id, document.Domain, tokens[0].Position, TextOf(document.Tokens.AsSpan(lead, first - lead)), TextOf(tokens), bits,
            [
                .. document.Tokens.Skip(first).Take(length).Select(t => new WhyPassageToken(
                    VisibleText.Of(vocabulary, t.Id), $"{t.Row.Letter}", WhyGroups.LetterOf(t.Row.Source), t.Fused?.Probability, t.Before, t.Control, t.After)),
            ]);
    }

    /// <summary>Characters that a border cuts are U+FFFD.</summary>
    private string TextOf(ReadOnlySpan<WhyToken> tokens)
    {
        List<byte> bytes = [];
        foreach (ref readonly WhyToken token in tokens)
        {
            if (token.Bytes > 0)
                bytes.AddRange(vocabulary.Bytes[token.Id]);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
