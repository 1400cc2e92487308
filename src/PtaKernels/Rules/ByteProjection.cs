using PtaKernels.Steps;

namespace PtaKernels.Rules;

/// <summary>Projection <c>byte</c> (SPEC A3.3): each candidate's mass goes to the target tokens that begin its bytes. Reused from row to row.</summary>
/// <remarks>
/// The tokens that fit (<see cref="ByteFit"/>) share a candidate's mass in proportion to the target's own probabilities of the row: exp(logit / temperature) for
/// its stored top-k, e^-1 of the least of these for every other token. Under a byte tail of b bits (own rule) every other token's share is 2^-b for each byte by
/// which it is longer than the candidate: those bytes nothing vouches for, and text costs a model one bit per byte or more, so that many long tokens do not
/// outweigh the few likely ones. Where the target gives all that fit no probability at all, they share by these discounts alone. A special candidate goes to the
/// target's special token of its role, as in the nearest-token search; a candidate that nothing fits carries no mass, and the rest is scaled up as after any projection.
/// <para>
/// Fused forms compute the same in the same order: shares are mass * (weight / sum of weights), a token adds up its shares in the order of the candidates. A row
/// keeps a few tokens, and only these are made, in time that does not grow with how many fit: those that some candidate names one by one (the target's own, first
/// ones, those inside), then each candidate's longer tokens from the heaviest on, until one is lighter than all that are kept already.
/// </para>
/// </remarks>
public sealed class ByteProjection
{
    private readonly VocabularyPair _vocabularies;
    private readonly TokenVocabulary _target;
    private readonly double[] _discounts;
    private readonly double[] _own;
    private readonly bool[] _listed;
    private readonly List<int> _ownTokens = [];
    private readonly List<int> _tokens = [];
    private readonly ByteFit[] _fits = new ByteFit[TopKLogits.MaxK];
    private readonly int[] _candidates = new int[TopKLogits.MaxK];
    private readonly double[] _mass = new double[TopKLogits.MaxK], _sum = new double[TopKLogits.MaxK], _other = new double[TopKLogits.MaxK];
    private readonly (int Token, double Mass)[] _kept = new (int, double)[TopKLogits.MaxK];
    private double _byteTail = double.NaN;
    private int _count, _keptCount;

    /// <summary>A projection for one thread.</summary>
    /// <param name="vocabularies">The vocabularies, with the target's encoder.</param>
    public ByteProjection(VocabularyPair vocabularies)
    {
        ArgumentNullException.ThrowIfNull(vocabularies);
        _vocabularies = vocabularies;
        _target = vocabularies.Target;
        _discounts = new double[_target.Bytes.Longest + 1];
        _own = new double[_target.Count];
        _listed = new bool[_target.Count];
    }

    /// <summary>Factor of a token's share by the bytes by which it is longer than the candidate.</summary>
    /// <param name="byteTail">Bits per byte.</param>
    /// <param name="destination">[extra bytes].</param>
    public static void FillDiscounts(double byteTail, Span<double> destination)
    {
        for (int extra = 0; extra < destination.Length; extra++)
            destination[extra] = StableExp.Exp(-byteTail * extra * 0.6931471805599453);
    }

    /// <summary>Projects a row.</summary>
    /// <param name="rows">Its candidates; the partners of special ones are resolved.</param>
    /// <param name="predictsTextStart">The row predicts text at offset 0.</param>
    /// <param name="tokens">The target's own candidates of the row.</param>
    /// <param name="logits">Their logits.</param>
    /// <param name="options">Softmax temperature, byte tail.</param>
    /// <param name="keep">Tokens to hand over, the heaviest ones.</param>
    /// <param name="destination">Receives them, heaviest first, ties by id; nothing where a mass is not finite.</param>
    /// <returns>Mass of all tokens together.</returns>
    public double Project(
        RowCandidates rows, bool predictsTextStart, ReadOnlySpan<int> tokens, ReadOnlySpan<double> logits, in AlignmentOptions options, int keep, FusedRow destination)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(destination);
        if (_byteTail != options.ByteTail)
            FillDiscounts(_byteTail = options.ByteTail, _discounts);
        double all = Collect(rows, predictsTextStart);
        if (!double.IsFinite(all))
        {
            _count = 0;
            return all;
        }

        double other = WeighOwn(tokens, logits, options.Temperature);
        for (int c = 0; c < _count; c++)
            SumWeights(c, other);
        Keep(keep);
        for (int i = 0; i < _keptCount; i++)
            destination.Add(_kept[i].Token, _kept[i].Mass);
        return all;
    }

    /// <summary>Whether a candidate of the row projected last has mass and a token to give it to.</summary>
    /// <param name="candidate">Its place among the row's candidates.</param>
    public bool Gives(int candidate) => PlaceOf(candidate) >= 0;

    /// <summary>What a candidate of the row projected last gives to a token; a token's mass is the sum of these in the order of the candidates.</summary>
    /// <param name="candidate">Its place among the row's candidates.</param>
    /// <param name="token">Target token id, handed over or not.</param>
    /// <returns>Mass in 0..1; null where the token does not begin the candidate's bytes.</returns>
    public double? ShareOf(int candidate, int token)
    {
        int c = PlaceOf(candidate);
        return c >= 0 && Takes(_fits[c], token) ? Share(c, token) : null;
    }

    private int PlaceOf(int candidate) => Array.IndexOf(_candidates, candidate, 0, _count);

    /// <summary>Candidates that have mass and something to give it to; returns all of it.</summary>
    private double Collect(RowCandidates rows, bool predictsTextStart)
    {
        _count = 0;
        double all = 0;
        for (int c = 0; c < rows.Count; c++)
        {
            double mass = rows.Mass[c];
            if (!(mass > 0) || rows.FitOf(c, _vocabularies, predictsTextStart) is not { First: >= 0 } fit)
                continue;
            (_fits[_count], _candidates[_count], _mass[_count++]) = (fit, c, mass);
            all += mass;
        }

        return all;
    }

    /// <summary>The target's own weights; returns that of every other token.</summary>
    private double WeighOwn(ReadOnlySpan<int> tokens, ReadOnlySpan<double> logits, double temperature)
    {
        double largest = double.NegativeInfinity, least = double.PositiveInfinity;
        foreach (double logit in logits)
            (largest, least) = (Math.Max(largest, logit), Math.Min(least, logit));
        foreach (int token in _ownTokens)
            _own[token] = 0;
        _ownTokens.Clear();
        for (int j = 0; j < tokens.Length; j++)
        {
            double weight = StableExp.Exp((logits[j] - largest) / temperature);
            if (!(weight > 0) || _own[tokens[j]] > 0)
                continue;
            _own[tokens[j]] = weight;
            _ownTokens.Add(tokens[j]);
        }

        return StableExp.Exp(((least - largest) / temperature) - 1);
    }

    private void SumWeights(int candidate, double other)
    {
        ByteFit fit = _fits[candidate];
        double own = 0, discounted = 0, discounts = fit.SumOf(_discounts);
        int count = 0;
        foreach (int token in _ownTokens)
        {
            if (!Takes(fit, token))
                continue;
            own += _own[token];
            discounted += DiscountOf(fit, token);
            count++;
        }

        double rest = count == fit.Count ? 0 : Math.Max(0, discounts - discounted);
        double sum = own + (other * rest);
        (_other[candidate], _sum[candidate]) = sum > 0 ? (other, sum) : (1, discounts);
    }

    private void Keep(int most)
    {
        _keptCount = 0;
        _tokens.Clear();
        foreach (int token in _ownTokens)
            List(token);
        for (int c = 0; c < _count; c++)
        {
            List(_fits[c].First);
            foreach (int token in _fits[c].Inside)
                List(token);
        }

        foreach (int token in _tokens)
            Offer(token, MassOf(token, out _), most);
        for (int c = 0; c < _count; c++)
        {
            foreach (int token in _fits[c].Heaviest(_byteTail))
            {
                if (_listed[token])
                    continue;
                double mass = MassOf(token, out int innermost);
                // What another candidate vouches for more bytes of comes when that one is looked at.
                if (innermost == c && !Offer(token, mass, most))
                    break;
            }
        }

        foreach (int token in _tokens)
            _listed[token] = false;
    }

    private void List(int token)
    {
        if (_listed[token])
            return;
        _listed[token] = true;
        _tokens.Add(token);
    }

    /// <summary>A token's mass; also the candidate with the longest text among those whose longer tokens it is one of, of several the last.</summary>
    private double MassOf(int token, out int innermost)
    {
        double mass = 0;
        innermost = -1;
        for (int c = 0; c < _count; c++)
        {
            if (!Takes(_fits[c], token))
                continue;
            mass += Share(c, token);
            if (innermost < 0 || _fits[c].Length >= _fits[innermost].Length)
                innermost = c;
        }

        return mass;
    }

    private double Share(int c, int token) => _mass[c] * ((_own[token] > 0 ? _own[token] : _other[c] * DiscountOf(_fits[c], token)) / _sum[c]);

    /// <summary>Puts a token among the heaviest; false if it is lighter than as many as are kept.</summary>
    private bool Offer(int token, double mass, int most)
    {
        if (!(mass > 0))
            return false;
        if (_keptCount == most)
        {
            if (!IsBefore((token, mass), _kept[most - 1]))
                return false;
            _keptCount--;
        }

        int at = _keptCount++;
        for (; at > 0 && IsBefore((token, mass), _kept[at - 1]); at--)
            _kept[at] = _kept[at - 1];
        _kept[at] = (token, mass);
        return true;
    }

    private static bool IsBefore((int Token, double Mass) x, (int Token, double Mass) y) => x.Mass > y.Mass || (x.Mass == y.Mass && x.Token < y.Token);

    private bool Takes(ByteFit fit, int token) => fit.Takes(token, _vocabularies.ByteFits.Places[token], _target.Bytes[token].Length);

    private double DiscountOf(ByteFit fit, int token) => _discounts[Math.Max(0, _target.Bytes[token].Length - fit.Length)];
}
