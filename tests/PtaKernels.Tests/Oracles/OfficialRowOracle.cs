namespace PtaKernels.Tests.Oracles;

/// <summary>Token strings by id (null where there is none), their word marker, and whether the official code takes the tokenizer for a byte-level one.</summary>
internal sealed record OfficialVocabulary(string?[] Strings, string Marker, bool ByteLevel);

/// <summary>The official alignment of one document as SPEC B 3a and 3b write it, on strings and dictionaries.</summary>
internal sealed class OfficialRowOracle
{
    private readonly OfficialVocabulary _source;
    private readonly OfficialVocabulary _target;
    private readonly Dictionary<string, string> _map = [];

    public OfficialRowOracle(OfficialVocabulary source, OfficialVocabulary target)
    {
        _source = source;
        _target = target;
        string[] targets = [.. target.Strings.OfType<string>()];
        foreach (string token in source.Strings.OfType<string>())
        {
            string key = Key(token);
            _map[key] = targets.Contains(key) ? key : targets.MinBy(t => Levenshtein(key, t))!;
        }
    }

    /// <summary>Letter, ids in order, values.</summary>
    public List<(char Letter, int[] Ids, double[] Values)> Align(PlainSide source, PlainSide target, int n, bool soft, bool transport)
    {
        List<int>[] sources = Pair(source, target);
        var rows = new List<(char, int[], double[])>();
        for (int i = 0; i < target.Ids.Length; i++)
        {
            string b = _target.Strings[target.Ids[i]]!;
            (char, int[], double[]) OneHot(char letter) => (letter, [target.Ids[i]], [1]);
            if (sources[i].Count != 1)
            {
                rows.Add(OneHot('M'));
                continue;
            }

            int j = sources[i][0];
            string x = Key(_source.Strings[source.Ids[j]]!);
            if (_source.ByteLevel && i == 0 && b.StartsWith(_target.Marker, StringComparison.Ordinal) && !x.StartsWith(_target.Marker, StringComparison.Ordinal))
                x = _target.Marker + x;
            bool ok = b == x || (soft && _map.TryGetValue(x, out string? mapped) && mapped == b);
            rows.Add(ok ? Move(source, j, target, i, n, soft, transport) : OneHot('X'));
        }

        return rows;
    }

    private (char, int[], double[]) Move(PlainSide source, int j, PlainSide target, int i, int n, bool soft, bool transport)
    {
        var ids = new List<int>();
        var logits = new List<double>();
        foreach ((int candidate, double logit) in source.Candidates[j].Zip(source.Logits[j]))
        {
            string t = Key(_source.Strings[candidate]!);
            int id = Array.IndexOf(_target.Strings, soft ? _map[t] : t);
            if (id < 0 || ids.Contains(id))
                continue;
            ids.Add(id);
            logits.Add(logit);
        }

        (char, int[], double[]) raw = ('S', [.. ids], [.. logits]);
        if (!transport || ids.Count < n || target.Candidates[i].Length < n)
            return raw;
        double[][] cost = [.. ids.Take(n).Select(a => target.Candidates[i].Take(n)
            .Select(q => (double)Levenshtein(_target.Strings[a]!.Replace(_source.Marker, ""), _target.Strings[q]!.Replace(_target.Marker, ""))).ToArray())];
        double[][] plan = OfficialSinkhornOracle.Solve(cost, Softmax(source.Logits[j])[..n], Softmax(target.Logits[i])[..n], 30, 1e-5).Plan;
        var order = new List<int>();
        var fused = new Dictionary<int, double>();
        foreach (double[] row in plan)
        {
            int q = target.Candidates[i][Array.IndexOf(row, row.Max())];
            if (!fused.ContainsKey(q))
                order.Add(q);
            fused[q] = fused.GetValueOrDefault(q) + row.Max();
        }

        return fused.Values.Any(double.IsNaN) ? ('N', raw.Item2, raw.Item3) : ('O', [.. order], [.. order.Select(q => fused[q])]);
    }

    private List<int>[] Pair(PlainSide source, PlainSide target)
    {
        double[,] cost = new double[source.Ids.Length, target.Ids.Length];
        for (int s = 0; s < source.Ids.Length; s++)
        {
            for (int t = 0; t < target.Ids.Length; t++)
            {
                cost[s, t] = Levenshtein(
                    _source.Strings[source.Ids[s]]!.Replace(_source.Marker, ""), _target.Strings[target.Ids[t]]!.Replace(_target.Marker, ""));
            }
        }

        List<int>[] pairs = [.. target.Ids.Select(_ => new List<int>())];
        foreach ((int s, int t) in PathOracle.Find(cost).Steps)
            pairs[t].Add(s);
        return pairs;
    }

    private string Key(string token) => token.Replace(_source.Marker, _target.Marker);

    private static int Levenshtein(string a, string b) => TextOracle.Levenshtein([.. a.EnumerateRunes()], [.. b.EnumerateRunes()]);

    private static double[] Softmax(double[] logits)
    {
        double[] weights = [.. logits.Select(v => Math.Exp(v - logits.Max()))];
        return [.. weights.Select(w => w / weights.Sum())];
    }
}
