using PtaKernels.Rules;
using PtaKernels.Steps;

namespace PtaKernels.Alignment;

/// <summary>Switch <c>label-mass chain</c> (own rule, after SPEC A3.3): the mass of the document's own next token becomes what the source gives to its bytes.</summary>
/// <remarks>
/// A row i that transferred because source token j ends where target token i ends (rule (a) of SPEC A3.2, leading BOS rows included) is followed by y, the
/// target's token i + 1, over the bytes [o, e). Its mass becomes P = product of exp(-label cross-entropy) over the source tokens j + 1.. that end at e or
/// before, times, where a source token m lies across e, the mass of row m - 1's candidates that begin with the rest of y, the token that came among them.
/// Where source token j + 1, with text a, is only the beginning of y, the row holds a's mass on tokens that begin with a: y and those are one family, whose mass
/// M becomes max(M, P), y's part of it P, the others' in proportion to what they had. Else y is its own family. What the family gains or loses comes from or
/// goes to the missing mass; when that is used up, the tokens outside of the family are scaled down. The row is then ordered and cut as any other.
/// Rows stay as they are when y is special or has no bytes, when a special source token stands in [o, e), or when those bytes are not matched one by one.
/// </remarks>
internal sealed class LabelChain
{
    private readonly DocumentPair _pair;
    private readonly VocabularyPair _vocabularies;
    private readonly AlignmentOptions _options;
    private readonly double[] _labels;
    private readonly DocumentSpans _source;
    private readonly DocumentSpans _target;
    private readonly BoundaryMap _boundaries;
    private readonly double[] _mass = new double[TopKLogits.MaxK];

    private LabelChain(DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        (_pair, _vocabularies, _options) = (pair, vocabularies, options);
        _labels = SourceScores.RequireLabels(pair.Source, "label-mass chain", "--label-mass candidates");
        if (_labels.Length != pair.Source.Length - 1)
            throw new AlignmentDataException(pair.Source.Id, $"{pair.Source.Length} source tokens but {_labels.Length} label cross-entropies; each token but the first needs one.");
        int bad = Array.FindIndex(_labels, static v => !double.IsFinite(v));
        if (bad >= 0)
            throw new AlignmentDataException(pair.Source.Id, $"row {bad}: the source's label cross-entropy is not finite; run the model again for this document.");
        (_source, _target, _boundaries) = SourceScores.Meet(pair, vocabularies);
    }

    /// <summary>The rows of one source with their labels' mass by the chain.</summary>
    /// <param name="pair">The document.</param>
    /// <param name="vocabularies">The vocabularies.</param>
    /// <param name="rows">The source's rows as aligned under mass <c>tail</c>.</param>
    /// <param name="options">Window and kept tokens.</param>
    /// <exception cref="AlignmentDataException">Label cross-entropies are missing, not one per token, or not finite.</exception>
    public static AlignedDocument Apply(DocumentPair pair, VocabularyPair vocabularies, AlignedDocument rows, in AlignmentOptions options)
    {
        var chain = new LabelChain(pair, vocabularies, options);
        var changed = new AlignedDocument(rows.Id, rows.Unit, rows.Rows, rows.Rows * 8);
        for (int i = 0; i < rows.Rows; i++)
        {
            if (!chain.AddChanged(changed, rows, i))
                changed.AddRow(rows.IndicesOf(i), rows.ValuesOf(i), rows[i]);
        }

        return changed;
    }

    private bool AddChanged(AlignedDocument destination, AlignedDocument rows, int i)
    {
        if (rows[i].Rule is not (RowRule.Boundary or RowRule.LeadingBos) || i + 1 >= _pair.Target.Length)
            return false;
        ReadOnlySpan<byte> text = LabelText(i);
        double probability = text.IsEmpty ? double.NaN : LabelProbability(rows[i].SourceRow, text, _target[i].End);
        if (double.IsNaN(probability))
            return false;

        int label = _pair.Target.Ids[i + 1];
        // y's bytes up to the end of the source token that came; all of them where that token is no shorter.
        int start = _boundaries.SourceBoundary(_target[i].End), came = _source[rows[i].SourceRow + 1].End - start;
        ReadOnlySpan<int> tokens = rows.IndicesOf(i);
        ReadOnlySpan<double> masses = rows.ValuesOf(i);
        Span<bool> related = stackalloc bool[tokens.Length];
        double before = 0, relatives = 0, strangers = 0;
        for (int t = 0; t < tokens.Length; t++)
        {
            related[t] = came < text.Length && BeginsWith(tokens[t], text[..came], i);
            if (tokens[t] == label)
                before = masses[t];
            else if (related[t])
                relatives += masses[t];
            else
                strangers += masses[t];
        }

        double left = Math.Max(0, before + relatives - probability), family = probability + (relatives > 0 ? left : 0);
        double scale = family + strangers > 1 ? Math.Max(0, 1 - family) / strangers : 1;
        var row = new FusedRow();
        row.Add(label, probability);
        double sum = probability;
        for (int t = 0; t < tokens.Length; t++)
        {
            if (tokens[t] == label)
                continue;
            double mass = masses[t] * (related[t] ? left / relatives : scale);
            row.Add(tokens[t], mass);
            sum += mass;
        }

        if (!(sum > 0))
            return false; // nothing but a label whose chain is too small for a number
        double missing = row.Finish(Math.Min(1, sum), _options.FusedK > 0 ? _options.FusedK : _pair.Target.Candidates.K, tail: true);
        destination.AddRow(row.Tokens, row.Masses, rows[i] with { Missing = missing });
        return true;
    }

    /// <summary>The next token's bytes in the document; empty where it has none, or they are not the token's own.</summary>
    private ReadOnlySpan<byte> LabelText(int i)
    {
        int label = _pair.Target.Ids[i + 1];
        (int start, int end) = _target[i + 1];
        if (_vocabularies.Target.IsSpecial(label) || start != _target[i].End || start == end)
            return [];
        ReadOnlySpan<byte> bytes = Text(_vocabularies.Target, label, i < _target.FirstText);
        return bytes.Length == end - start ? bytes : [];
    }

    /// <summary>P of the class's remarks, or NaN where the row stays as it is.</summary>
    /// <param name="sourceRow">Row j.</param>
    /// <param name="text">Bytes of y.</param>
    /// <param name="offset">o in the target's text.</param>
    private double LabelProbability(int sourceRow, ReadOnlySpan<byte> text, int offset)
    {
        int start = _boundaries.SourceBoundary(offset), end = start + text.Length;
        for (int b = 0; b <= text.Length; b++)
        {
            if (start < 0 || _boundaries.SourceBoundary(offset + b) != start + b)
                return double.NaN;
        }

        double probability = 1;
        int reached = start;
        for (int t = sourceRow + 1; t < _source.Length && _source[t].Start < end; t++)
        {
            if (_source[t].Start != reached || _vocabularies.Source.IsSpecial(_pair.Source.Ids[t]))
                return double.NaN;
            if (_source[t].End > end)
                return Math.Min(1, probability * BeginningWith(t, text[(reached - start)..]));
            probability *= StableExp.Exp(-_labels[t - 1]);
            reached = _source[t].End;
        }

        // Cross-entropies come rounded, and so a chain of sure tokens may be a little over 1.
        return reached == end ? Math.Min(1, probability) : double.NaN;
    }

    /// <summary>Mass of the candidates for source token t that begin with some bytes, the token that came among them.</summary>
    private double BeginningWith(int t, ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<int> tokens = _pair.Source.Candidates.IndicesOf(t - 1);
        if (_options.Window > 0)
            tokens = tokens[..Math.Min(_options.Window, tokens.Length)];
        Span<double> mass = _mass.AsSpan(0, tokens.Length);
        RowMass.Of(_pair.Source, t - 1, _options, mass);
        double sum = tokens.Contains(_pair.Source.Ids[t]) ? 0 : StableExp.Exp(-_labels[t - 1]);
        for (int c = 0; c < tokens.Length; c++)
        {
            bool fits = tokens[c] == _pair.Source.Ids[t]
                || (!_vocabularies.Source.IsSpecial(tokens[c]) && Text(_vocabularies.Source, tokens[c], t - 1 < _source.FirstText).StartsWith(rest));
            sum += fits ? mass[c] : 0;
        }

        return sum;
    }

    private bool BeginsWith(int targetToken, ReadOnlySpan<byte> text, int row) =>
        !_vocabularies.Target.IsSpecial(targetToken) && Text(_vocabularies.Target, targetToken, row < _target.FirstText).StartsWith(text);

    /// <summary>A token's bytes; where text begins, without the space that its encoder adds.</summary>
    private static ReadOnlySpan<byte> Text(TokenVocabulary vocabulary, int token, bool beginsText)
    {
        ReadOnlySpan<byte> bytes = vocabulary.Bytes[token];
        return beginsText && vocabulary.AddsDummyPrefix && bytes.StartsWith((byte)' ') ? bytes[1..] : bytes;
    }
}
