namespace PtaKernels.Tests.Conformance;

public sealed class AlignmentSwitchesTests
{
    /// <summary>SPEC A2 as printed but for what the effect study changed in fusion (projection, byte-tail, loss-weight): switch, reference, paper, fusion. An empty cell is not in that table.</summary>
    private static readonly string[][] Table =
    [
        ["pairing", "dtw-strings", "dtw-texts", "byte-offsets"],
        ["transfer", "string", "groups", "boundary+prefix"],
        ["fallback", "one-hot-current", "mask", "mask"],
        ["cost", "official-strings", "texts", "texts"],
        ["columns", "target-topk", "target-topk", "union"],
        ["mass", "official", "renormalised", "tail"],
        ["label-mass", "candidates", "candidates", "candidates"],
        ["transport", "official", "balanced", "semi-relaxed"],
        ["solver", "newton", "newton", "newton"],
        ["projection", "top1", "top1", "byte"],
        ["byte-tail", "0", "0", "2"],
        ["output", "official", "probabilities", "probabilities"],
        ["sources", "independent", "recursive", "independent"],
        ["fusion-function", "official-min-ce", "none", "min-ce"],
        ["loss-weight", "0.9", "0.8", "0.35"],
        ["tolerance", "1E-05", "", ""],
        ["window", "10", "0", "0"],
        ["fused-k", "0", "0", "0"],
        ["rho", "", "", "0.05"],
        ["temperature", "1", "1", "1"],
        ["fill", "off", "off", "off"],
        ["with-target", "off", "off", "off"],
    ];

    [Test]
    public void PresetsHoldTheSpecifiedValues()
    {
        foreach (string[] row in Table)
        {
            for (int p = 0; p < 3; p++)
            {
                string value = AlignmentSwitches.Named(row[0]).Get(AlignmentPreset.Named(AlignmentPreset.Names[p]));
                if (row[p + 1].Length > 0)
                    Assert.That(value, Is.EqualTo(row[p + 1]), $"{row[0]} of {AlignmentPreset.Names[p]}");
            }
        }

        foreach (string name in AlignmentPreset.Names)
            Assert.That(AlignmentPreset.Named(name).Epsilon, Is.EqualTo(1.0 / 30));
        Assert.That(AlignmentPreset.Names, Is.EqualTo(new[] { "reference", "paper", "fusion" }));
        Assert.That(AlignmentPreset.Names, Does.Contain(AlignmentPreset.Default));
        Assert.That(() => AlignmentPreset.Named("best"), Throws.ArgumentException.With.Message.Contains("'best'").And.Message.Contains("reference, paper, fusion"));
    }

    [Test]
    public void PresetsAreAccepted([ValueSource(typeof(AlignmentPreset), nameof(AlignmentPreset.Names))] string name) =>
        Assert.That(() => AlignmentSwitches.Validate(AlignmentPreset.Named(name)), Throws.Nothing);

    [Test]
    public void EverySwitchGoesThroughTextAndBack([ValueSource(typeof(AlignmentPreset), nameof(AlignmentPreset.Names))] string name)
    {
        AlignmentOptions options = AlignmentPreset.Named(name) with { Epsilon = 1.0 / 30, Rho = 1.0 / 7, Tolerance = 1.2345678901234567e-5 };
        AlignmentOptions copied = new() { MaxIterations = options.MaxIterations, MeasureSignal = options.MeasureSignal };
        foreach (AlignmentSwitch s in AlignmentSwitches.All)
            s.Set(ref copied, s.Get(options));
        Assert.That(copied, Is.EqualTo(options));
    }

    [Test]
    public void EveryValueOfAChoiceGoesThroughTextAndBack()
    {
        foreach (AlignmentSwitch s in AlignmentSwitches.All.Where(s => s.Takes.Contains('|', StringComparison.Ordinal)))
        {
            string[] values = s.Takes.Split(" | ");
            Assert.That(values, Is.Unique.And.Length.GreaterThan(1), s.Name);
            foreach (string value in values)
            {
                AlignmentOptions options = AlignmentPreset.Paper, before = options;
                s.Set(ref options, value);
                Assert.That(s.Get(options), Is.EqualTo(value), s.Name);
                foreach (AlignmentSwitch other in AlignmentSwitches.All.Where(o => o.Name != s.Name))
                    Assert.That(other.Get(options), Is.EqualTo(other.Get(before)), $"{s.Name} changed {other.Name}");
            }
        }
    }

    [TestCase("window", "0", "64", "65", "-1")]
    [TestCase("fused-k", "0", "64", "65", "1.5")]
    [TestCase("projection-columns", "1", "64", "0", "")]
    public void CountsHaveLimits(string name, string low, string high, string outside, string wrong)
    {
        AlignmentSwitch s = AlignmentSwitches.Named(name);
        AlignmentOptions options = AlignmentPreset.Paper;
        foreach (string value in (string[])[low, high])
        {
            s.Set(ref options, value);
            Assert.That(s.Get(options), Is.EqualTo(value));
        }

        foreach (string value in (string[])[outside, wrong])
            Assert.That(() => s.Set(ref options, value), Throws.ArgumentException.With.Message.Contains("--" + name).And.Message.Contains($"'{value}'"));
    }

    [Test]
    public void WrongTextIsRefusedByNameAndValue()
    {
        AlignmentOptions options = AlignmentPreset.Paper;
        foreach (AlignmentSwitch s in AlignmentSwitches.All)
        {
            foreach (string value in (string[])["nonsense", "NaN", "Infinity", "99999999999", " on", "1,5"])
            {
                if (value == "99999999999" && s.Takes == "number or 1/N")
                    continue;
                Assert.That(() => s.Set(ref options, value), Throws.ArgumentException.With.Message.Contains("--" + s.Name).And.Message.Contains($"'{value}'"));
            }
        }

        Assert.That(options, Is.EqualTo(AlignmentPreset.Paper));
        Assert.That(() => AlignmentSwitches.Named("lambda"), Throws.ArgumentException.With.Message.Contains("'lambda'"));
    }

    [Test]
    public void SwitchesAreNamedOnceAndExplained()
    {
        Assert.That(AlignmentSwitches.All.Select(s => s.Name), Is.Unique);
        foreach (AlignmentSwitch s in AlignmentSwitches.All)
            Assert.That((string[])[s.Section, s.Help, s.Takes], Has.None.Empty, s.Name);
    }

    [TestCase("paper", "mass", "transport", "mass=tail")]
    [TestCase("paper", "mass", "transport", "mass=official")]
    [TestCase("paper", "mass", "transport", "mass=tail", "transport=exact")]
    [TestCase("paper", "columns", "transport", "columns=union")]
    [TestCase("paper", "columns", "transport", "columns=union", "transport=exact")]
    [TestCase("fusion", "mass", "transport", "transport=balanced", "projection=top1")]
    [TestCase("fusion", "projection", "transport", "transport=balanced")]
    [TestCase("fusion", "projection", "columns", "columns=target-topk")]
    [TestCase("paper", "sources", "transport", "transport=semi-relaxed")]
    [TestCase("paper", "sources", "transport", "transport=none")]
    [TestCase("paper", "sources", "output", "output=official")]
    [TestCase("paper", "fusion-function", "sources", "fusion-function=min-ce")]
    [TestCase("paper", "fusion-function", "sources", "fusion-function=avg-ce")]
    [TestCase("paper", "fusion-function", "sources", "sources=independent")]
    [TestCase("fusion", "fusion-function", "sources", "fusion-function=none")]
    [TestCase("reference", "output", "fusion-function", "fusion-function=min-ce")]
    [TestCase("reference", "output", "fusion-function", "fusion-function=avg-ce")]
    [TestCase("fusion", "output", "fusion-function", "fusion-function=official-min-ce")]
    [TestCase("reference", "transfer", "cost", "transfer=boundary+prefix")]
    [TestCase("paper", "transfer", "cost", "transfer=string-hard")]
    [TestCase("reference", "columns", "cost", "columns=union")]
    [TestCase("reference", "mass", "output", "mass=tail")]
    [TestCase("fusion", "mass", "temperature", "temperature=2")]
    [TestCase("fusion", "solver greenkhorn", "transport", "solver=greenkhorn")]
    [TestCase("paper", "solver greenkhorn", "not exact", "solver=greenkhorn", "transport=exact")]
    [TestCase("fusion", "label-mass chain", "--mass tail", "label-mass=chain", "mass=renormalised")]
    [TestCase("fusion", "label-mass chain", "--transfer boundary+prefix", "label-mass=chain", "transfer=groups")]
    [TestCase("fusion", "label-mass chain", "--transfer boundary+prefix", "label-mass=chain", "transfer=string")]
    [TestCase("paper", "label-mass chain", "--sources independent", "label-mass=chain")]
    [TestCase("reference", "label-mass chain", "--output probabilities", "label-mass=chain")]
    public void RefusedCombinationsNameBothSwitches(string preset, string one, string other, params string[] changes)
    {
        AlignmentOptions options = AlignmentPreset.Named(preset);
        foreach (string change in changes)
            AlignmentSwitches.Named(change.Split('=')[0]).Set(ref options, change.Split('=')[1]);
        Assert.That(() => AlignmentSwitches.Validate(options), Throws.ArgumentException.With.Message.Contains(one).And.Message.Contains(other));
    }

    [TestCase("epsilon", "0")]
    [TestCase("epsilon", "-1")]
    [TestCase("tolerance", "0")]
    [TestCase("temperature", "0")]
    [TestCase("rho", "-0.05")]
    [TestCase("loss-weight", "1.5")]
    [TestCase("loss-weight", "-0.1")]
    public void NumbersOutOfRangeAreRefusedByName(string name, string value)
    {
        AlignmentOptions options = AlignmentPreset.Paper;
        AlignmentSwitches.Named(name).Set(ref options, value);
        Assert.That(() => AlignmentSwitches.Validate(options), Throws.ArgumentException.With.Message.Contains("--" + name).And.Message.Contains(value));
    }

    [Test]
    public void WhatIsAcceptedEndsWithoutAnyRefusedPair()
    {
        // Every combination of the choices that take part in a refusal.
        string[] names = ["transfer", "cost", "columns", "mass", "transport", "output", "sources", "fusion-function"];
        int accepted = 0, all = 0;
        foreach (AlignmentOptions options in Combinations(AlignmentPreset.Paper, names))
        {
            all++;
            bool equality = options.Transport is TransportKind.Balanced or TransportKind.Exact;
            bool recursive = options.Sources == SourceMerging.Recursive, official = options.Output == OutputUnit.Official;
            bool strings = options.Cost == CandidateCost.OfficialStrings;
            bool refused = (equality && (options.Mass != MassRule.Renormalised || options.Columns != CandidateColumns.TargetTopk))
                || (recursive && (options.Transport is TransportKind.SemiRelaxed or TransportKind.None || official))
                || recursive != (options.Fusion == FusionFunction.None)
                || (!recursive && official != (options.Fusion == FusionFunction.OfficialMinCe))
                || (strings && (options.Transfer == TransferRule.BoundaryPrefix || options.Columns == CandidateColumns.Union))
                || (!strings && options.Transfer == TransferRule.StringHard)
                || (options.Cost is CandidateCost.Embedding or CandidateCost.Hybrid && options.Transport == TransportKind.None)
                || (official && options.Mass == MassRule.Tail);
            bool threw = false;
            try
            {
                AlignmentSwitches.Validate(options);
            }
            catch (ArgumentException)
            {
                threw = true;
            }

            if (threw != refused)
                Assert.Fail(string.Join(", ", names.Select(n => $"{n} {AlignmentSwitches.Named(n).Get(options)}")) + (threw ? " was refused" : " was accepted"));
            accepted += threw ? 0 : 1;
        }

        Assert.That((accepted > 100, all), Is.EqualTo((true, 5 * 4 * 2 * 3 * 6 * 2 * 2 * 4)));
    }

    private static IEnumerable<AlignmentOptions> Combinations(AlignmentOptions options, string[] names)
    {
        if (names.Length == 0)
        {
            yield return options;
            yield break;
        }

        AlignmentSwitch s = AlignmentSwitches.Named(names[0]);
        foreach (string value in s.Takes.Split(" | "))
        {
            AlignmentOptions changed = options;
            s.Set(ref changed, value);
            foreach (AlignmentOptions combination in Combinations(changed, names[1..]))
                yield return combination;
        }
    }
}
