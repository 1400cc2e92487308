namespace PtaKernels.Tests.Oracles;

/// <summary>The switches that shape one row, in words.</summary>
internal sealed record RowRules(
    string Mass, bool Union, string Transport, string Projection, int Heaviest, int FusedK, int Window, double Temperature, double Lambda, double Tolerance);

/// <summary>A fused row, or why there is none.</summary>
internal sealed record PlainRow((int Token, double Mass)[] Fused, double Missing, double Kappa, double Signal);

/// <summary>One transferred row from SPEC A3.2 to A3.4: candidates, masses, costs, plan, projection, cut.</summary>
internal static class RowOracle
{
    /// <summary>Null when the row has no transfer after all.</summary>
    public static PlainRow? Fuse(PlainSide source, int sourceRow, string prefixHex, PlainSide target, int targetRow, RowRules rules)
    {
        byte[] prefix = Convert.FromHexString(prefixHex);
        (double[] mass, double missing) = Masses(source, sourceRow, rules);
        bool startS = source.PredictsTextStart(sourceRow), startT = target.PredictsTextStart(targetRow);
        var rows = new List<(PlainToken Token, int Nearest, double Mass)>();
        double kept = 0;
        for (int c = 0; c < mass.Length; c++)
        {
            int id = source.Candidates[sourceRow][c];
            PlainToken token = source.Vocabulary.Tokens[id];
            byte[] text = WithoutDummy(source.Vocabulary, id, startS);
            if (prefix.Length > 0)
            {
                if (token.Special || text.Length <= prefix.Length || !text.Take(prefix.Length).SequenceEqual(prefix))
                    continue;
                text = text[prefix.Length..];
            }

            kept += mass[c];
            byte[] asked = startT && target.Vocabulary.DummyPrefix ? [(byte)' ', .. text] : text;
            PlainToken query = token.Special ? token : new PlainToken(TextOracle.Symbols(asked));
            rows.Add((token.Special ? token : new PlainToken(TextOracle.Symbols(text)), TextOracle.Nearest(query, target.Vocabulary.Tokens).Token, mass[c]));
        }

        double kappa = 1;
        if (prefix.Length > 0)
        {
            kappa = kept > 0 ? kept / (kept + missing) : 0;
            if (kappa < 0.3)
                return null;
            rows = [.. rows.Select(r => (r.Token, r.Nearest, r.Mass / (kept + missing)))];
            missing /= kept + missing;
        }

        var signal = new Dictionary<int, double>();
        foreach ((_, int nearest, double m) in rows.Where(r => r.Nearest >= 0))
            signal[nearest] = signal.GetValueOrDefault(nearest) + m;
        Dictionary<int, double> raw = rules.Transport == "none" ? signal : Transport(rows, target, targetRow, startT, rules);
        if (raw.Values.Any(v => !double.IsFinite(v)) || raw.Values.All(v => v == 0))
            return null;
        (int Token, double Mass)[] order = [.. raw.Where(r => r.Value > 0).OrderByDescending(r => r.Value).ThenBy(r => r.Key).Select(r => (r.Key, r.Value))];
        double all = order.Sum(r => r.Mass);
        order = [.. order.Take(rules.FusedK == 0 ? target.Candidates[targetRow].Length : rules.FusedK)];
        bool tail = rules.Mass == "tail";
        double scale = tail ? (1 - missing) / all : 1 / order.Sum(r => r.Mass);
        (int Token, double Mass)[] fused = [.. order.Select(r => (r.Token, r.Mass * scale))];
        return new PlainRow(
            fused, tail ? Math.Max(0, 1 - fused.Sum(r => r.Mass)) : 0, kappa, fused.Sum(r => Math.Min(r.Mass, signal.GetValueOrDefault(r.Token))));
    }

    public static (double[] Mass, double Missing) Masses(PlainSide side, int row, RowRules rules)
    {
        double[] logits = side.Logits[row];
        int used = rules.Window == 0 ? logits.Length : Math.Min(rules.Window, logits.Length);
        if (rules.Mass == "tail" && side.LogSumExp is { } lse)
        {
            double[] mass = [.. logits.Take(used).Select(v => Math.Exp(v - lse[row]))];
            return (mass, Math.Max(0, 1 - mass.Sum()));
        }

        return rules.Mass == "official" ? (Softmax(logits, rules.Temperature)[..used], 0) : (Softmax(logits[..used], rules.Temperature), 0);
    }

    private static double[] Softmax(double[] logits, double temperature)
    {
        double[] weights = [.. logits.Select(v => Math.Exp((v - logits.Max()) / temperature))];
        return [.. weights.Select(w => w / weights.Sum())];
    }

    private static byte[] WithoutDummy(PlainVocabulary vocabulary, int id, bool textStart)
    {
        byte[] text = vocabulary.Texts[id];
        return textStart && vocabulary.DummyPrefix && text.Length > 0 && text[0] == ' ' ? text[1..] : text;
    }

    private static Dictionary<int, double> Transport(
        List<(PlainToken Token, int Nearest, double Mass)> rows, PlainSide target, int targetRow, bool startT, RowRules rules)
    {
        (double[] b, double missing) = Masses(target, targetRow, rules);
        List<int> columns = [.. target.Candidates[targetRow].Take(b.Length)];
        if (rules.Union)
        {
            int[] added = [.. rows.Select(r => r.Nearest).Where(t => t >= 0 && !columns.Contains(t)).Distinct().Take(64 - columns.Count)];
            b = [.. b, .. added.Select(_ => Math.Min(b[^1], Math.Max(missing, 0.01) / added.Length))];
            columns.AddRange(added);
        }

        if (rules.Mass != "official")
            b = [.. b.Select(v => v / b.Sum())];
        double[][] cost = [.. rows.Select(r => columns.Select(q => (double)TextOracle.Distance(r.Token, ColumnToken(q))).ToArray())];
        double[] a = [.. rows.Select(r => r.Mass)];
        double[][] plan = rules.Transport == "official"
            ? OfficialSinkhornOracle.Solve(cost, a, b, rules.Lambda, rules.Tolerance).Plan
            : [.. cost.Select((row, i) => Softmax([.. row.Select(v => -v * rules.Lambda)], 1).Select(p => p * a[i]).ToArray())];
        return Project(plan, columns, rules);

        PlainToken ColumnToken(int q) => target.Vocabulary.Tokens[q] is { Special: true } special
            ? special
            : new PlainToken(TextOracle.Symbols(WithoutDummy(target.Vocabulary, q, startT)));
    }

    private static Dictionary<int, double> Project(double[][] plan, List<int> columns, RowRules rules)
    {
        double tie = rules.Transport == "official" ? 0 : 1e-8;
        var fused = new Dictionary<int, double>();
        foreach (double[] row in plan)
        {
            List<int> free = [.. Enumerable.Range(0, row.Length)];
            int chosen = rules.Projection switch { "top1" => 1, "topk" => Math.Min(rules.Heaviest, row.Length), _ => row.Length };
            for (int r = 0; r < chosen; r++)
            {
                int q = rules.Projection == "barycentric" ? r : free.FirstOrDefault(j => row[j] >= free.Max(x => row[x]) - tie, free[0]);
                free.Remove(q);
                // Own rule beside SPEC A3.4: columns beyond a row's first are empty below 1e-20, where solvers differ in what they round to 0.
                if ((rules.Projection == "barycentric" || r > 0) && row[q] < 1e-20)
                    continue;
                fused[columns[q]] = fused.GetValueOrDefault(columns[q]) + row[q];
            }
        }

        return fused;
    }
}
