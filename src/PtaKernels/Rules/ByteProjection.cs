using PtaKernels.Steps;

namespace PtaKernels.Rules;

/// <summary>Projection <c>byte</c> (SPEC A3.3): each candidate's mass goes to the target tokens that begin its bytes. Reused from row to row.</summary>
/// <remarks>
/// The tokens that fit (<see cref="ByteFits"/>) share a candidate's mass in proportion to the target's own probabilities of the row: exp(logit / temperature) for
/// its stored top-k, e^-1 of the k-th's for every other token; alike where it gives all of them nothing. Under byte tail <c>length</c> (own rule) every other
/// token's share is halved for each byte by which it is longer than the candidate: those bytes nothing vouches for, and text costs a model one bit per byte or
/// more, so that many long tokens do not outweigh the few likely ones. A special candidate goes to the target's special token of its role, as in the nearest-token
/// search; a candidate that nothing fits carries no mass, and the rest is scaled up as after any projection.
/// </remarks>
internal sealed class ByteProjection(TokenVocabulary target)
{
    private readonly double[] _mass = new double[target.Count];
    private readonly double[] _weight = new double[target.Count];
    private readonly List<int> _touched = [];
    private readonly List<int> _fits = [];
    private readonly PriorityQueue<int, (double Mass, int Order)> _heaviest = new();

    /// <summary>Projects a row.</summary>
    /// <param name="rows">Its candidates.</param>
    /// <param name="vocabularies">The vocabularies, with the target's encoder; nearest tokens of special candidates resolved.</param>
    /// <param name="tokens">The target's own candidates of the row.</param>
    /// <param name="logits">Their logits, none larger than the ones before it.</param>
    /// <param name="options">Softmax temperature, byte tail.</param>
    /// <param name="addsSpace">Candidates stand where the target's encoder puts a space before the text.</param>
    /// <param name="keep">Tokens to hand over, the heaviest ones.</param>
    /// <param name="destination">Receives them, heaviest first, ties by id.</param>
    /// <returns>Mass of the tokens that were not handed over.</returns>
    public double Project(
        RowCandidates rows, VocabularyPair vocabularies, ReadOnlySpan<int> tokens, ReadOnlySpan<double> logits, in AlignmentOptions options, bool addsSpace, int keep, FusedRow destination)
    {
        double largest = double.NegativeInfinity;
        foreach (double logit in logits)
            largest = Math.Max(largest, logit);
        for (int j = 0; j < tokens.Length; j++)
            _weight[tokens[j]] = StableExp.Exp((logits[j] - largest) / options.Temperature);
        double other = StableExp.Exp(((logits[^1] - largest) / options.Temperature) - 1);
        for (int c = 0; c < rows.Count; c++)
            Share(rows, c, vocabularies, addsSpace, other, options.ByteTail);
        foreach (int token in tokens)
            _weight[token] = 0;
        return TakeHeaviest(keep, destination);
    }

    private void Share(RowCandidates rows, int candidate, VocabularyPair vocabularies, bool addsSpace, double other, ByteTail tail)
    {
        double mass = rows.Mass[candidate];
        if (!(mass > 0))
            return;
        if (rows.TextOf(candidate, vocabularies.Source) is not { } text)
        {
            int partner = vocabularies.NearestText[rows.TokenOf(candidate)];
            if (partner != VocabularyMap.None)
                Add(partner, mass);
            return;
        }

        _fits.Clear();
        vocabularies.ByteFits.Find(addsSpace ? [(byte)' ', .. text.Span] : text.Span, _fits);
        int confirmed = text.Length + (addsSpace ? 1 : 0);
        double sum = 0;
        foreach (int token in _fits)
            sum += WeightOf(token);
        // Weights so small that they vanish all alike say nothing of shares.
        foreach (int token in _fits)
            Add(token, sum > 0 ? mass * (WeightOf(token) / sum) : mass / _fits.Count);

        double WeightOf(int token)
        {
            if (_weight[token] > 0)
                return _weight[token];
            int extra = tail == ByteTail.Length ? vocabularies.Target.Bytes[token].Length - confirmed : 0;
            return extra > 0 ? Math.ScaleB(other, -extra) : other;
        }
    }

    private void Add(int token, double mass)
    {
        if (_mass[token] == 0)
            _touched.Add(token);
        _mass[token] += mass;
    }

    private double TakeHeaviest(int keep, FusedRow destination)
    {
        _heaviest.Clear();
        foreach (int token in _touched)
        {
            // The head is the one to give up first: the lightest, of several the highest id.
            (double, int) order = (_mass[token], -token);
            if (_heaviest.Count < keep)
                _heaviest.Enqueue(token, order);
            else
                _heaviest.EnqueueDequeue(token, order);
        }

        int[] kept = new int[_heaviest.Count];
        for (int i = kept.Length - 1; i >= 0; i--)
            kept[i] = _heaviest.Dequeue();
        foreach (int token in kept)
        {
            destination.Add(token, _mass[token]);
            _mass[token] = 0;
        }

        double left = 0;
        foreach (int token in _touched)
        {
            left += _mass[token];
            _mass[token] = 0;
        }

        _touched.Clear();
        return left;
    }
}
