using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>A predicted token: the row that predicts it, where that came from, and what three models need for it.</summary>
/// <param name="Id">The token.</param>
/// <param name="Position">Its position in the document, from 1: nothing predicts the first.</param>
/// <param name="Bytes">UTF-8 bytes that it stands for.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Row">Provenance of the fused row at the position before.</param>
/// <param name="Fused">What that row says; null where no teacher reached it.</param>
/// <param name="TargetIsRight">Whether the target's own most probable token is this one.</param>
/// <param name="Before">Bits of the target before.</param>
/// <param name="Control">Bits of the student without teachers; null where there is none.</param>
/// <param name="After">Bits of the student.</param>
internal readonly record struct WhyToken(int Id, int Position, int Bytes, TokenKind Kind, RowProvenance Row, FusedGold? Fused, bool TargetIsRight, double Before, double? Control, double After)
{
    /// <summary>Student minus control, else minus the target before, in bits.</summary>
    public double Difference => After - (Control ?? Before);
}

/// <summary>What a fused row says of the token that came.</summary>
/// <param name="Probability">Its probability; 0 where it is not in the row.</param>
/// <param name="Largest">The row's largest probability.</param>
/// <param name="IsRight">Whether that, or the first of several, is the token's.</param>
internal readonly record struct FusedGold(double Probability, double Largest, bool IsRight);

/// <summary>A document's predicted tokens.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Domain">Its domain; empty where nothing was said.</param>
/// <param name="Tokens">[length - 1].</param>
internal sealed record WhyDocument(string Id, string Domain, WhyToken[] Tokens)
{
    private static readonly double Bit = Math.Log(2);

    /// <summary>Joins rows and losses of a document.</summary>
    /// <param name="domain">Its domain.</param>
    /// <param name="target">The target's view, whose candidates are the target's own before training.</param>
    /// <param name="fused">[length] its fused rows.</param>
    /// <param name="losses">What the models need for it.</param>
    /// <param name="vocabulary">The target's.</param>
    /// <exception cref="AlignmentDataException">A model saw other tokens, or its losses were not kept.</exception>
    public static WhyDocument Of(string domain, TokenizedDocument target, AlignedDocument fused, WhyLosses losses, TokenVocabulary vocabulary)
    {
        DocumentSpans spans = DocumentSpans.Of(target, vocabulary);
        double[] before = Of(losses.Before, target), after = Of(losses.After, target);
        double[]? control = losses.Control is null ? null : Of(losses.Control, target);
        var tokens = new WhyToken[Math.Max(0, target.Length - 1)];
        double[] scratch = [];
        for (int t = 0; t < tokens.Length; t++)
        {
            int id = target.Ids[t + 1];
            (int start, int end) = spans[t + 1];
            tokens[t] = new WhyToken(
                id, t + 1, end - start, KindOf(target, t + 1, end > start, vocabulary), fused[t], GoldOf(fused, t, id, ref scratch),
                target.Candidates.IndicesOf(t)[FirstMaximum(target.Candidates.ValuesOf(t))] == id, before[t] / Bit, control?[t] / Bit, after[t] / Bit);
        }

        return new WhyDocument(target.Id, domain, tokens);
    }

    /// <summary>Nats of every token but the first.</summary>
    private static double[] Of(TokenizedDocument seen, TokenizedDocument target) =>
        seen.LabelCrossEntropy is { } nats && nats.Length >= target.Length - 1 && seen.Ids.AsSpan().SequenceEqual(target.Ids)
            ? nats : throw new AlignmentDataException(target.Id, "the models did not see the same tokens, or their cross-entropies were not kept; remove the run's folder why/ and ask again.");

    private static TokenKind KindOf(TokenizedDocument target, int position, bool isText, TokenVocabulary vocabulary) => !isText ? TokenKind.NoText : TokenKinds.Of(
        vocabulary.Bytes[target.Ids[position]], vocabulary.IsSpecial(target.Ids[position - 1]) ? [] : vocabulary.Bytes[target.Ids[position - 1]]);

    private static FusedGold? GoldOf(AlignedDocument fused, int row, int gold, ref double[] scratch)
    {
        ReadOnlySpan<int> ids = fused.IndicesOf(row);
        if (!fused[row].Transferred || ids.IsEmpty)
            return null;
        if (scratch.Length < ids.Length)
            scratch = new double[Math.Max(64, ids.Length)];
        Span<double> probabilities = scratch.AsSpan(0, ids.Length);
        TeacherSignal.AsProbabilities(fused.ValuesOf(row), fused.Unit, probabilities);
        int best = FirstMaximum(probabilities), at = ids.IndexOf(gold);
        return new FusedGold(at < 0 ? 0 : probabilities[at], probabilities[best], ids[best] == gold);
    }

    private static int FirstMaximum(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }
}

/// <summary>One document as the models whose losses are compared saw it.</summary>
/// <param name="Before">The target before training.</param>
/// <param name="Control">The student without teachers; null where there is none.</param>
/// <param name="After">The student.</param>
internal sealed record WhyLosses(TokenizedDocument Before, TokenizedDocument? Control, TokenizedDocument After);
