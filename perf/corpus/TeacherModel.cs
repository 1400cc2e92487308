namespace PtaKernels.CorpusBench;

/// <summary>An interpolated trigram model that predicts like a language model: on most steps part of its probability goes to the token that really comes next.</summary>
/// <remarks>
/// p(w | u v) = t3 c(u v w) / c(u v) + (1 - t3) (t2 c(v w) / c(v) + (1 - t2) p1(w)), t = n / (n + distinct followers); the candidates of a row are among the most
/// frequent followers of both contexts and the most frequent tokens. On <see cref="HelpedShare"/> of the steps (1 - m) p + m [w is the next token], m the square of a number uniform in 0..1.
/// Logits are ln p plus a number of the row around <see cref="Offset"/>, which is therefore the row's log-sum-exp.
/// </remarks>
internal sealed class TeacherModel
{
    /// <summary>Candidates per row.</summary>
    public const int K = 10;

    /// <summary>Share of the steps on which the true next token is helped.</summary>
    public const double HelpedShare = 0.65;

    /// <summary>Middle of the rows' log-sum-exps, and how far they lie from it at most.</summary>
    public const double Offset = 14, Jitter = 1;

    private readonly FollowerTable _pairs;
    private readonly FollowerTable _triples;
    private readonly double[] _single;
    private readonly int[] _frequent;

    /// <summary>Counts a stream of tokens.</summary>
    /// <param name="stream">Documents one after another, an end of sequence after each.</param>
    /// <param name="vocabulary">Number of ids.</param>
    public TeacherModel(ReadOnlySpan<int> stream, int vocabulary)
    {
        if (vocabulary > 1 << FollowerTable.IdBits)
            throw new ArgumentException($"{vocabulary} ids are more than {1 << FollowerTable.IdBits}.", nameof(vocabulary));
        _single = new double[vocabulary];
        Array.Fill(_single, 1.0 / (stream.Length + vocabulary));
        foreach (int id in stream)
            _single[id] += 1.0 / (stream.Length + vocabulary);
        _frequent = [.. Enumerable.Range(0, vocabulary).OrderByDescending(id => _single[id]).ThenBy(static id => id).Take(K + 1)];
        ulong[] keys = new ulong[Math.Max(0, stream.Length - 1)];
        for (int i = 0; i < keys.Length; i++)
            keys[i] = Key(stream[i], stream[i + 1]);
        _pairs = new FollowerTable(keys);
        keys = new ulong[Math.Max(0, stream.Length - 2)];
        for (int i = 0; i < keys.Length; i++)
            keys[i] = (Key(stream[i], stream[i + 1]) << FollowerTable.IdBits) | (uint)stream[i + 2];
        _triples = new FollowerTable(keys);
    }

    /// <summary>What the model says at every position of a document.</summary>
    /// <param name="id">The document's name.</param>
    /// <param name="ids">Its tokens, the end of sequence last.</param>
    /// <param name="spans">Their spans.</param>
    /// <param name="draws">The helped steps.</param>
    public TokenizedDocument Annotate(string id, int[] ids, (int Start, int End)[] spans, Draws draws)
    {
        int[] indices = new int[ids.Length * K];
        double[] values = new double[ids.Length * K], logSumExp = new double[ids.Length], crossEntropy = new double[ids.Length - 1];
        Span<Candidate> row = stackalloc Candidate[K];
        int before = ids[^1];
        for (int t = 0; t < ids.Length; t++)
        {
            int next = t + 1 < ids.Length ? ids[t + 1] : -1;
            double offset = (float)(Offset + (Jitter * ((2 * draws.Unit()) - 1)));
            double help = draws.Unit() < HelpedShare ? draws.Unit() : 0;
            help *= help;
            double true1 = Predict(before, ids[t], next, next < 0 ? 0 : help, row);
            logSumExp[t] = offset;
            if (next >= 0)
                crossEntropy[t] = (float)-Math.Log(true1);
            for (int i = 0; i < K; i++)
                row[i] = row[i] with { Value = (double)(Half)(Math.Log(row[i].Value) + offset) };
            Sort(row);
            for (int i = 0; i < K; i++)
                (indices[(t * K) + i], values[(t * K) + i]) = (row[i].Id, row[i].Value);
            before = ids[t];
        }

        return new TokenizedDocument { Id = id, Ids = ids, Candidates = new TopKLogits(indices, values, K), LogSumExp = logSumExp, LabelCrossEntropy = crossEntropy, Spans = spans };
    }

    /// <summary>The row after two tokens, most probable first; returns the probability of the next token.</summary>
    private double Predict(int before, int last, int next, double help, Span<Candidate> row)
    {
        int pair = _pairs.Find((ulong)last), triple = _triples.Find(Key(before, last)), filled = 0;
        double trust3 = _triples.TrustIn(triple), trust2 = _pairs.TrustIn(pair);
        foreach (int id in _triples.BestOf(triple))
            Offer(row, ref filled, id, Probability(id));
        foreach (int id in _pairs.BestOf(pair))
            Offer(row, ref filled, id, Probability(id));
        foreach (int id in _frequent)
        {
            if (id != next)
                Offer(row, ref filled, id, Probability(id));
        }

        if (next < 0)
            return 0;
        for (int i = 0; i < K; i++)
            row[i] = row[i] with { Value = row[i].Value * (1 - help) };
        double probability = ((1 - help) * Probability(next)) + help;
        int at = 0;
        while (at < K && row[at].Id != next)
            at++;
        if (at < K)
        {
            row[at] = new Candidate(next, probability);
            for (; at > 0 && row[at - 1].Value < probability; at--)
                (row[at - 1], row[at]) = (row[at], row[at - 1]);
        }
        else
        {
            Offer(row, ref filled, next, probability);
        }

        return probability;

        double Probability(int id) =>
            (trust3 * _triples.ShareOf(triple, id)) + ((1 - trust3) * ((trust2 * _pairs.ShareOf(pair, id)) + ((1 - trust2) * _single[id])));
    }

    /// <summary>Puts a candidate in its place among the best, unless it is there.</summary>
    private static void Offer(Span<Candidate> row, ref int filled, int id, double probability)
    {
        if (filled == K && probability <= row[K - 1].Value)
            return;
        for (int i = 0; i < filled; i++)
        {
            if (row[i].Id == id)
                return;
        }

        int at = filled < K ? filled++ : K - 1;
        for (; at > 0 && row[at - 1].Value < probability; at--)
            row[at] = row[at - 1];
        row[at] = new Candidate(id, probability);
    }

    /// <summary>Best first, ties by id.</summary>
    private static void Sort(Span<Candidate> row)
    {
        for (int i = 1; i < row.Length; i++)
        {
            for (int at = i; at > 0 && (row[at].Value > row[at - 1].Value || (row[at].Value == row[at - 1].Value && row[at].Id < row[at - 1].Id)); at--)
                (row[at - 1], row[at]) = (row[at], row[at - 1]);
        }
    }

    private static ulong Key(int before, int last) => ((ulong)(uint)before << FollowerTable.IdBits) | (uint)last;

    private readonly record struct Candidate(int Id, double Value);
}
