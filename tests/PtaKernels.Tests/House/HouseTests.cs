using System.Diagnostics;
using System.Xml.Linq;

namespace PtaKernels.Tests.House;

/// <summary>The house rules a compiler does not check, over the files git tracks.</summary>
public sealed class HouseTests
{
    private const int MaxLines = 400;

    private static readonly string Root = Repository.Root;

    /// <summary>What each project under src may reference. The command line sees everything under src.</summary>
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["PtaKernels"] = [],
        ["PtaKernels.Native"] = ["PtaKernels"],
        ["PtaKernels.Gpu"] = ["PtaKernels"],
        ["PtaKernels.Ptx"] = ["PtaKernels", "PtaKernels.Gpu"],
        ["PtaKernels.Backends"] = ["PtaKernels", "PtaKernels.Native", "PtaKernels.Gpu"],
        ["PtaKernels.Text"] = ["PtaKernels"],
        ["PtaKernels.Alignment"] = ["PtaKernels", "PtaKernels.Text"],
        ["PtaKernels.Corpus"] = ["PtaKernels", "PtaKernels.Text", "PtaKernels.Alignment"],
        ["PtaKernels.Training"] = ["PtaKernels", "PtaKernels.Text", "PtaKernels.Alignment", "PtaKernels.Corpus"],
        ["PtaKernels.Pipeline"] = ["PtaKernels", "PtaKernels.Text", "PtaKernels.Alignment", "PtaKernels.Corpus", "PtaKernels.Training"],
        ["PtaKernels.Demo"] = ["PtaKernels", "PtaKernels.Text", "PtaKernels.Alignment", "PtaKernels.Corpus", "PtaKernels.Training", "PtaKernels.Pipeline"],
    };

    [Test]
    public void SourceFilesAreShort() =>
        AssertAll(static file => file.Path.EndsWith(".cs", StringComparison.Ordinal)
            || (file.Path.StartsWith("native/", StringComparison.Ordinal) && Path.GetExtension(file.Path) is ".cpp" or ".h"), TooLong);

    [Test]
    public void ScriptsAreExecutableBash() =>
        AssertAll(IsScript, NotExecutableBash);

    [Test]
    public void ProjectsReferenceOneWay() =>
        AssertAll(file => file.Path.StartsWith("src/", StringComparison.Ordinal) && IsProject(file), WrongReferences);

    [Test]
    public void PackagesReferencePackages() =>
        AssertAll(file => file.Path.StartsWith("src/", StringComparison.Ordinal) && IsProject(file), WrongPackages);

    [Test]
    public void PackageVersionsAreCentral() =>
        AssertAll(file => IsProject(file) || Path.GetExtension(file.Path) is ".props" or ".targets", OwnVersions);

    [Test]
    public void NothingIsLeftUnimplemented() =>
        AssertAll(file => file.Path.StartsWith("src/", StringComparison.Ordinal), Unimplemented);

    [Test]
    public void EachRuleNamesTheFileThatBreaksIt()
    {
        static TrackedFile Bad(string path, string text, string mode = "100644") => new(path, mode, () => text);
        static TrackedFile BadProject(string name, string items) =>
            Bad($"src/{name}/{name}.csproj", $"<Project><ItemGroup>{items}</ItemGroup></Project>");
        const string Upwards = """<ProjectReference Include="..\PtaKernels.Cli\PtaKernels.Cli.csproj" />""";

        using (Assert.EnterMultipleScope())
        {
            AssertNames(TooLong, Bad("src/A.cs", new string('\n', MaxLines + 1)));
            AssertNames(NotExecutableBash, Bad("scripts/a", "#!/usr/bin/env bash\n"));
            AssertNames(NotExecutableBash, Bad("scripts/a", "#!/bin/sh\n", "100755"));
            AssertNames(WrongReferences, BadProject("PtaKernels.Text", Upwards));
            AssertNames(WrongReferences, BadProject("PtaKernels.Cli", """<ProjectReference Include="../../tests/X/X.csproj" />"""));
            AssertNames(WrongReferences, BadProject("PtaKernels.New", ""));
            AssertNames(WrongPackages, BadProject("PtaKernels.Training", """<IsPackable>true</IsPackable><ProjectReference Include="../PtaKernels.Pipeline/PtaKernels.Pipeline.csproj" />"""));
            AssertNames(OwnVersions, BadProject("PtaKernels", """<PackageReference Include="A" Version="1.0.0" />"""));
            AssertNames(OwnVersions, BadProject("PtaKernels", """<PackageReference Include="A"><Version>1</Version></PackageReference>"""));
            AssertNames(Unimplemented, Bad("src/A.cs", "throw new NotImplementedException();"));
        }
    }

    private static IEnumerable<string> TooLong(TrackedFile file)
    {
        string text = file.Text();
        int lines = text.Count(c => c == '\n') + (text.Length == 0 || text.EndsWith('\n') ? 0 : 1);
        if (lines > MaxLines)
            yield return $"{file.Path} has {lines} lines; {MaxLines} is the most";
    }

    // scripts/lib is sourced, never run; other endings are data or text.
    private static bool IsScript(TrackedFile file) =>
        file.Path == ".ci/run"
        || (file.Path.StartsWith("scripts/", StringComparison.Ordinal)
            && !file.Path.StartsWith("scripts/lib/", StringComparison.Ordinal)
            && Path.GetExtension(file.Path) is "" or ".sh");

    private static IEnumerable<string> NotExecutableBash(TrackedFile file)
    {
        if (file.Mode != "100755")
            yield return $"{file.Path} is tracked with mode {file.Mode}, not executable: git update-index --chmod=+x {file.Path}";
        string firstLine = file.Text().Split('\n')[0];
        if (firstLine is not ("#!/usr/bin/env bash" or "#!/bin/bash"))
            yield return $"{file.Path} starts with '{firstLine}', not with a bash shebang";
    }

    private static bool IsProject(TrackedFile file) => file.Path.EndsWith(".csproj", StringComparison.Ordinal);

    private static IEnumerable<string> WrongReferences(TrackedFile file)
    {
        string project = Path.GetFileNameWithoutExtension(file.Path);
        bool seesAll = project == "PtaKernels.Cli";
        if (!seesAll && !AllowedReferences.ContainsKey(project))
        {
            yield return $"{file.Path} is new here: say in {nameof(AllowedReferences)} what it may reference";
            yield break;
        }

        foreach (XElement reference in Elements(file, "ProjectReference"))
        {
            string include = ((string?)reference.Attribute("Include") ?? "").Replace('\\', '/');
            string target = Path.GetFileNameWithoutExtension(include);
            bool allowed = seesAll ? include == $"../{target}/{target}.csproj" : AllowedReferences[project].Contains(target);
            if (!allowed)
                yield return $"{file.Path} must not reference {include}";
        }
    }

    /// <summary>A package that depends on a project which is none could not be restored; a tool carries what it references.</summary>
    private static IEnumerable<string> WrongPackages(TrackedFile file)
    {
        if (!IsTrue(file, "IsPackable") || IsTrue(file, "PackAsTool"))
            yield break;
        foreach (XElement reference in Elements(file, "ProjectReference"))
        {
            string target = Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include") ?? "").Replace('\\', '/'));
            string path = $"src/{target}/{target}.csproj";
            if (!IsTrue(new TrackedFile(path, "", () => File.ReadAllText(Path.Combine(Root, path))), "IsPackable"))
                yield return $"{file.Path} is a package and references {target}, which is none";
        }
    }

    private static bool IsTrue(TrackedFile file, string property) => Elements(file, property).Any(static element => element.Value == "true");

    private static IEnumerable<string> OwnVersions(TrackedFile file) =>
        from reference in Elements(file, "PackageReference")
        where new[] { "Version", "VersionOverride" }.Any(name =>
            reference.Attribute(name) is not null || reference.Elements().Any(child => child.Name.LocalName == name))
        select $"{file.Path} gives {(string?)reference.Attribute("Include")} a version; versions belong in Directory.Packages.props";

    private static IEnumerable<string> Unimplemented(TrackedFile file)
    {
        if (file.Text().Contains("NotImplementedException", StringComparison.Ordinal))
            yield return $"{file.Path} mentions NotImplementedException";
    }

    private static IEnumerable<XElement> Elements(TrackedFile file, string name) =>
        XDocument.Parse(file.Text()).Descendants().Where(element => element.Name.LocalName == name);

    private static void AssertAll(Func<TrackedFile, bool> selected, Func<TrackedFile, IEnumerable<string>> rule)
    {
        TrackedFile[] files = [.. TrackedFiles().Where(selected)];
        Assert.That(files, Is.Not.Empty, "no tracked file is under this rule");
        string[] violations = [.. files.SelectMany(rule)];
        Assert.That(violations, Is.Empty, string.Join(Environment.NewLine, violations));
    }

    private static void AssertNames(Func<TrackedFile, IEnumerable<string>> rule, TrackedFile bad) =>
        Assert.That(rule(bad).ToArray(), Has.Length.EqualTo(1).And.All.StartsWith(bad.Path));

    private static IEnumerable<TrackedFile> TrackedFiles()
    {
        foreach (string line in Git("ls-files", "--stage", "-z").Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            // <mode> <object> <stage>\t<path>
            string path = line[(line.IndexOf('\t') + 1)..];
            string full = Path.Combine(Root, path);
            if (File.Exists(full))
                yield return new TrackedFile(path, line.Split(' ')[0], () => File.ReadAllText(full));
        }
    }

    private static string Git(params string[] arguments)
    {
        // A checkout that belongs to another user is still only read.
        ProcessStartInfo start = new("git", ["-c", "safe.directory=*", .. arguments])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using Process git = Process.Start(start)!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.That(git.ExitCode, Is.Zero, "git " + string.Join(' ', arguments));
        return output;
    }

    private sealed record TrackedFile(string Path, string Mode, Func<string> Text);
}
