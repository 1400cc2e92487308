using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

public sealed partial class FuseRun
{
    /// <summary>The control's name, and the value of the setting that asks for it.</summary>
    public const string ControlName = "clm";

    /// <summary>The control of students with official rows, whose documents are packed as the official code packs them.</summary>
    internal const string OfficialControlName = ControlName + "-official";

    private static readonly char[] NotInNames = [.. Path.GetInvalidFileNameChars(), ' '];

    private static List<Student> StudentsOf(FuseConfig config)
    {
        if (config.Control is not ("none" or ControlName))
            throw new ArgumentException($"control is '{config.Control}'; use none or {ControlName}.");
        var students = new List<Student>();
        StudentConfig[] asked = config.Students.Count > 0 ? [.. config.Students] : [new StudentConfig { Name = "fused" }];
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (StudentConfig one in asked)
        {
            RequireName(one.Name, "student");
            if (!names.Add(one.Name) || (config.Control == ControlName && one.Name is ControlName or OfficialControlName))
                throw new ArgumentException($"two students are named {one.Name}; give each a name of its own, other than {ControlName} and {OfficialControlName} beside a control.");
            string preset = one.Preset ?? config.Preset;
            AlignmentOptions options = AlignmentPreset.Named(preset);
            foreach ((string name, string value) in one.Switches)
            {
                AlignmentSwitch known = AlignmentSwitches.All.FirstOrDefault(s => s.Name == name)
                    ?? throw new ArgumentException($"student {one.Name} sets '{name}', which is no switch; `pta explain-mode` lists them.");
                known.Set(ref options, value);
            }

            AlignmentSwitches.Validate(options);
            students.Add(new Student(one.Name, preset, options, one.LossWeight ?? options.LossWeight, one.Sources, one.LearningRate, null));
        }

        if (config.Control == ControlName)
        {
            // Each way of packing has its control, so that a difference is the teachers' and not the packing's.
            foreach (IGrouping<bool, Student> alike in students.GroupBy(static s => s.Official).OrderBy(static g => g.Key).ToArray())
                students.Add(alike.First() with { Name = alike.Key && students.Exists(static s => !s.Official) ? OfficialControlName : ControlName, LossWeight = 1, LearningRate = null, Like = alike.First().Name });
        }

        return students;
    }

    private static void RequireName(string name, string what)
    {
        if (name.Length == 0 || name.IndexOfAny(NotInNames) >= 0 || name is "." or "..")
            throw new ArgumentException($"{what} name '{name}' cannot name a folder; use letters, digits, - and _.");
    }

    private (FuseModel Target, FuseModel[] Sources) OpenModels()
    {
        if (_config.Sources.Count == 0)
            throw new ArgumentException("sources is empty; name at least one model that teaches.");
        FuseModel target = Open(_config.Target, "target");
        FuseModel[] sources = [.. _config.Sources.Select(s => Open(s, "source"))];
        var names = new HashSet<string>(StringComparer.Ordinal) { "target" };
        foreach (string name in Students.Select(static s => s.Name).Concat(sources.Select(static s => s.Name)))
        {
            if (!names.Add(name))
                throw new ArgumentException($"two models are named {name}; give each source and student a name of its own, other than target.");
        }

        foreach (Student student in Students)
        {
            if (student.Sources is null)
                continue;
            if (student.Sources.Count == 0)
                throw new ArgumentException($"student {student.Name} names no source; leave sources out for all of them.");
            if (student.Sources.FirstOrDefault(name => !sources.Any(s => s.Name == name)) is { } unknown)
                throw new ArgumentException($"student {student.Name} is taught by '{unknown}', which is no source; there are {string.Join(", ", sources.Select(static s => s.Name))}.");
        }

        return (target, sources);
    }

    private FuseModel Open(ModelConfigEntry entry, string role)
    {
        string folder = Full(entry.Model);
        string tokenizer = entry.Tokenizer is null ? folder : Full(entry.Tokenizer);
        ModelConfig config = ModelFiles.ReadConfig(folder, _progress.Notice);
        TextEncoder encoder = TextEncoder.Load(tokenizer);
        ModelFiles.CheckTokenizer(config, encoder.Vocabulary.Count, tokenizer == folder ? folder : $"{folder} with {tokenizer}");
        string name = role == "target" ? role : entry.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        RequireName(name, role);
        if (!(entry.Temperature > 0 && double.IsFinite(entry.Temperature)))
            throw new ArgumentException(FormattableString.Invariant($"{name}'s temperature is {entry.Temperature}; it must be a number over 0."));
        return new FuseModel(name, folder, tokenizer, config, encoder, entry.Temperature, StageRecords.KeyOf(StageRecords.Fingerprint(folder), StageRecords.Fingerprint(tokenizer, weights: false)));
    }
}

/// <summary>A model that takes part.</summary>
/// <param name="Name">Its name in files and reports.</param>
/// <param name="Folder">Its checkpoint.</param>
/// <param name="TokenizerPath">Its tokenizer.</param>
/// <param name="Config">What it is.</param>
/// <param name="Encoder">The tokenizer, read.</param>
/// <param name="Temperature">Of its distributions.</param>
/// <param name="Key">Hash of its files.</param>
internal sealed record FuseModel(string Name, string Folder, string TokenizerPath, ModelConfig Config, TextEncoder Encoder, double Temperature, string Key);

/// <summary>A student to be trained.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Preset">The preset that its switches start from.</param>
/// <param name="Options">All switches.</param>
/// <param name="LossWeight">w.</param>
/// <param name="Sources">Names of its teachers; null for all.</param>
/// <param name="LearningRate">Its own highest rate; null for the run's.</param>
/// <param name="Like">Of a control: the student whose data it is trained on, by next tokens alone.</param>
internal sealed record Student(string Name, string Preset, AlignmentOptions Options, double LossWeight, IReadOnlyList<string>? Sources, double? LearningRate, string? Like)
{
    /// <summary>Trained without teachers.</summary>
    public bool IsControl => Like is not null;

    /// <summary>Whether rows, and so the packing, are the official code's.</summary>
    public bool Official => Options.Output == OutputUnit.Official;

    /// <summary>What its alignment is known by: switches at preset reference's values are left out, so that a switch which is new and off in all presets leaves finished work finished.</summary>
    public IReadOnlyDictionary<string, string> Deciding => AlignmentSwitches.All.Where(s => s.Name != "loss-weight" && s.Get(Options) != s.Get(AlignmentPreset.Reference)).ToDictionary(static s => s.Name, s => s.Get(Options), StringComparer.Ordinal);
}
